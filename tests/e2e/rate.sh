#!/bin/bash
# What a guest may send: the rate of its configuration, within a tenth, then
# another one that is written to the store while it sends, then none. The guest
# waits; no frame is lost.
. "$(dirname "$0")/lib.sh"
e2e_begin python3
cat >"$WORK/conf" <<END
[daemon]
engine = ${ENGINE:-auto}
[bridge xenbr0]
[vif g.0]
rate = 20Mb/s@20ms
END
daemon --config "$WORK/conf"
"$FRONT" sink --name s --mac 00:16:3e:00:00:02 --json >"$WORK/sink" 2>"$WORK/s.log" &
sink=$!
is_there() { [ "$(show_field s state)" = Connected ]; }
until_true 10 is_there || fail "no sink: $(cat "$WORK/s.log")"
"$FRONT" gen --name g --dst 00:16:3e:00:00:02 --size 1000 --json >"$WORK/gen" 2>"$WORK/g.log" &
gen=$!

# The backend's own clock beside what it took so far: "FRAMES MS".
taken() {
	"$CTL" ring g | awk '/^req prod/ && !n { n = $6 } /now:/ { print n, $NF }'
}
# keeps MBIT: what is taken in 0.6 s of the backend's own time is never more than a
# tenth above that, and once not less than a tenth below: a busy machine may let
# neither side run for a while.
keeps() {
	local i frames ms frames0 ms0
	for i in $(seq 10); do
		read -r frames0 ms0 < <(taken)
		sleep 0.6
		read -r frames ms < <(taken)
		[ $(((frames - frames0) * 8 * 10)) -le $(($1 * 11 * (ms - ms0))) ] ||
			fail "more than $1 Mb/s: $((frames - frames0)) KB in $((ms - ms0)) ms"
		[ $(((frames - frames0) * 8 * 10)) -lt $(($1 * 9 * (ms - ms0))) ] && continue
		echo "$1 Mb/s: $((frames - frames0)) KB in $((ms - ms0)) ms"
		return
	done
	fail "less than $1 Mb/s: $((frames - frames0)) KB in $((ms - ms0)) ms"
}
waits() { [ "$(stat g tx_credit_waits)" -gt "${1:-0}" ]; }
shows() { [ "$("$CTL" --json show | sed -n 's/.*"name":"g\.0".*"rate_bytes":\([0-9]*\).*/\1/p')" = "$1" ]; }

until_true 10 waits || fail "it does not wait: $("$CTL" ethtool -S g)"
"$CTL" show | grep -q '^g\.0 .* 2500KB/s@20ms ' || fail "not shown: $("$CTL" show)"
expect "credit" "$(stat g tx_credit_bytes),$(stat g tx_credit_usecs)" 50000,20000
keeps 20
rate=$("$CTL" store ls -f / | sed -n 's,^\(/local/domain/0/backend/vif/[0-9]*/0/rate\) = "50000.20000".*,\1,p')
[ -n "$rate" ] || fail "not in the store: $("$CTL" store ls -f /)"
"$CTL" store write "$rate" 500000,50000
until_true 10 shows 500000 || fail "not taken over: $("$CTL" show)"
waits0=$(stat g tx_credit_waits)
until_true 10 waits "$waits0" || fail "it does not wait any more"
keeps 80
"$CTL" store write "$rate" nonsense # changes nothing, and is said
until_true 10 grep -q "rate 'nonsense'" "$WORK/daemon.log" || fail "nonsense is not told of"
shows 500000 || fail "nonsense is taken for a rate"
kill -TERM $gen && wait $gen || fail "gen: $(cat "$WORK/gen")"
sent=$(sed -n 's/.*"sent": \([0-9]*\).*/\1/p' "$WORK/gen")
kill -TERM $sink && wait $sink || fail "sink: $(cat "$WORK/sink")"
expect "what arrives" "$(sed 's/, "corrupt.*//' "$WORK/sink")" \
	"{\"received\": $sent, \"bytes\": ${sent}000, \"missing\": 0, \"duplicates\": 0, \"reordered\": 0"
e2e_end
