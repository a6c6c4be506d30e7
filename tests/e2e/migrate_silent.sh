#!/bin/bash
# A VM is to migrate to a daemon that falls silent: at once, while it lets the VM
# in, or when the VM has come. As long as it is not in, the VM's traffic does not
# wait for it; when it is, it is home again within DOWN_MS. Each time `domain-migrate`
# says so in one line, and the VM is served where it was.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter python3
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a
ip=$(vm_up a) || exit 1
reconnected() {
	grep -c 'a\.0: \(reconnected\|migrated\)' "$WORK/a.log"
}

# silent_peer QUESTIONS [MARK]: one that answers so many, at $there.
silent_peer() {
	there=$WORK/silent$1${2-}
	mkdir "$there"
	show_field a mac >"$there/mac"
	python3 "$(dirname "$0")/silent_daemon.py" "$there" "$1" >"$WORK/asked$1" 2>&1 &
	peer=$!
	until_true 30 test -S "$there/domain.sock" || fail "no peer: $(cat "$WORK/asked$1")"
}

# told: what it was told of the VM's vifs, by splitvif.
told() {
	tr -c '[:print:]\n' ' ' <"$there/told" | grep -o 'domain-[a-z-]*' | tr '\n' ' '
}

# silent QUESTIONS MARK: the VM's first ones are answered, no more; says how long the VM
# was down, or a ping took, in ms.
silent() {
	local ping before status
	silent_peer "$1" "$2"
	before=$(reconnected)
	ping -q -i 0.01 "$ip" >"$WORK/ping" &
	ping=$!
	"$CTL" --timeout 60 domain-migrate a "$there" bridge=lab0 >"$WORK/said" 2>&1
	status=$?
	vm_up a >/dev/null
	kill -INT $ping
	wait $ping
	kill $peer
	wait $peer 2>/dev/null
	expect "status after $1 questions, having said '$(cat "$WORK/said")'" $status 1
	expect "lines after $1 questions" "$(wc -l <"$WORK/said")" 1
	expect "told after $1 questions" "$(told)" "domain-expect domain-take-back "
	grep -q 'cannot migrate a to ' "$WORK/said" || fail "$1: $(cat "$WORK/said")"
	grep -q -- '-$' "$WORK/asked$1" || fail "never silent: $(cat "$WORK/asked$1")"
	if [ "$(reconnected)" = "$before" ]; then
		down=0
		longest=$(sed -n 's,^rtt .*/\([0-9]*\)\.[0-9]*/.*,\1,p' "$WORK/ping")
	else
		longest=0
		down=$(sed -n 's/.*a\.0: reconnected after \([0-9]*\)\..*/\1/p' "$WORK/a.log" | tail -n 1)
	fi
	echo "silent after $1 questions ($(tail -n 1 "$WORK/asked$1")): down for $down ms:" \
		"$(sed 's/.*silent[0-9]*: //' "$WORK/said")"
}

# As long as a is not in, its pings are answered within a second; nor is it down for
# long. One time of three, as the machine, too, may stand still.
for questions in ${QUESTIONS:-0 6 9 16}; do
	for try in 1 2 3; do
		silent "$questions" $try
		[ "$down" -le "${DOWN_MS:-2500}" ] && [ "${longest:-9999}" -lt 1000 ] && break
		[ $try -lt 3 ] || fail "down for $down ms: $(cat "$WORK/ping")"
	done
done
[ "$down" -gt 0 ] || fail "it was never there"

# impatient STATUS PATTERN TOLD: splitvif does not wait for the end of it. What was sent
# there is taken back only if a did not begin to go.
impatient() {
	local status
	"$CTL" --timeout 1 domain-migrate a "$there" bridge=lab0 >"$WORK/said" 2>&1
	status=$?
	expect "status, having said '$(cat "$WORK/said")'" $status "$1"
	grep -q "$2" "$WORK/said" || fail "no '$2': $(cat "$WORK/said")"
	expect "told" "$(told)" "$3"
	kill $peer
	wait $peer 2>/dev/null
}
silent_peer 0 late
impatient 5 'not done in' 'domain-expect '
at_rest() { grep -q "cannot migrate a to $there" "$WORK/a.log"; }
until_true 20 at_rest || fail "a is still on its way: $(cat "$WORK/a.log")"
silent_peer 0 never
kill -STOP "$(cat "$WORK/a.pid")"
impatient 5 'does not answer; it stays' 'domain-expect domain-take-back '
kill -CONT "$(cat "$WORK/a.pid")"
reaches host "$ip" || fail "a is not reached after all that"
e2e_end
