#!/bin/bash
# Bad input: one line that says what failed and why, the right exit code, and
# nothing left behind.
. "$(dirname "$0")/lib.sh"
e2e_begin
bad=0

# expect CODE PATTERN COMMAND...: one line on stderr that matches.
expect() {
	local code=$1 pattern=$2 got lines
	shift 2
	timeout 10 "$@" >"$WORK/out" 2>"$WORK/err"
	got=$?
	grep -vE '^[0-9T:.Z-]+ (INFO|NOTICE) | on xenbr0: eth0 ' "$WORK/err" >"$WORK/line"
	lines=$(wc -l <"$WORK/line")
	if [ "$got" != "$code" ] || [ "$lines" != 1 ] || ! grep -qE -- "$pattern" "$WORK/line"; then
		echo "BAD: $*: exit $got instead of $code, or not one line like '$pattern':"
		cat "$WORK/line"
		bad=$((bad + 1))
	fi
}
d=$SPLITVIFD
nobridge="--bridge xenbr0,uplink=none"

expect 2 "unrecognized option '--nonsense'" "$d" --nonsense
expect 2 "argument 'extra'" "$d" extra
expect 2 "--engine 'fast'" "$d" --engine fast
expect 2 "requires an argument" "$d" --engine
expect 2 "--max-pages '0'" "$d" --max-pages 0
expect 2 "--max-pages '1x'" "$d" --max-pages 1x
expect 2 "--allow-uid '-1'" "$d" --allow-uid -1
expect 2 "--ready-fd '77'.*not open" "$d" --ready-fd 77
expect 2 "--log-level 'loud'" "$d" --log-level loud
expect 2 "1 to 15 characters" "$d" --bridge ""
expect 2 "1 to 15 characters" "$d" --bridge a-name-that-is-too-long
expect 2 "uplink is tap:IF, stream:PATH or none" "$d" --bridge br0,uplink=eth0
expect 2 "tap's name" "$d" --bridge br0,uplink=tap:
expect 2 "ip is ADDRESS/PREFIX" "$d" --bridge br0,ip=10.0.0.1
expect 2 "ip is ADDRESS/PREFIX" "$d" --bridge br0,ip=300.0.0.1/24
expect 2 "mtu is a number" "$d" --bridge br0,mtu=9
expect 2 "words are" "$d" --bridge br0,speed=1
expect 2 "named before" "$d" --bridge br0 --bridge br0
expect 2 "--scripts 'here'.*absolute" "$d" --scripts here
expect 2 "--script-timeout '0'" "$d" --script-timeout 0
expect 2 "$WORK/nosuch.conf:0: error: cannot be read" "$d" --config "$WORK/nosuch.conf"
echo "[bride xenbr0]" >"$WORK/bad.conf"
expect 2 "bad.conf:1: error: unknown section .*did you mean 'bridge'" "$d" --check-config "$WORK/bad.conf"
expect 2 "bad.conf:1: error: unknown section" env SPLITVIF_CONFIG="$WORK/bad.conf" "$d"
expect 2 "SPLITVIF_ENGINE 'x'" env SPLITVIF_ENGINE=x "$d"
long=$WORK/$(printf 'x%.0s' $(seq 120))
expect 2 "at most 107 bytes" "$d" --rundir "$long" $nobridge
echo >"$WORK/file"
expect 2 "$WORK/file" "$d" --rundir "$WORK/file" $nobridge
expect 2 "$WORK/none/deeper" "$d" --rundir "$WORK/none/deeper" $nobridge

# TAPs: held by another program, no TAP at all, no device.
"$d" --rundir "$WORK/other" --bridge br0,uplink=tap:busy0 2>/dev/null &
other=$!
for i in $(seq 100); do [ -S "$WORK/other/domain.sock" ] && break; sleep 0.02; done
expect 1 "tap busy0: .*busy" "$d" --bridge br0,uplink=tap:busy0
kill $other
wait $other
ip link show busy0 >/dev/null 2>&1 && fail "busy0 is left behind"
expect 1 "tap lo: " "$d" --bridge br0,uplink=tap:lo
mount -t tmpfs none /dev/net
expect 1 "no /dev/net/tun" "$d" --bridge br0,uplink=tap:tap9
umount /dev/net

daemon $nobridge
expect 2 "another splitvifd runs there" "$d" $nobridge
[ -S "$SPLITVIF_RUNDIR/domain.sock" ] || fail "the second daemon took the first one's socket"

f=$FRONT
expect 125 "nobr" "$f" run --bridge nobr -- true
expect 2 "--ip .1.2.3.*" "$f" run --ip 1.2.3 -- true
expect 2 "mac" "$f" run --mac zz:00:00:00:00:00 -- true
expect 2 "mac" "$f" run --mac 01:00:00:00:00:00 -- true
expect 2 "mtu" "$f" run --mtu 1 -- true
expect 2 "name" "$f" run --name "a/b" -- true
expect 2 "name" "$f" run --name "$(printf 'n%.0s' $(seq 80))" -- true
expect 125 "vif7" "$f" run --name vif7 -- true
expect 125 "a.0" "$f" run --name a.0 -- true
expect 127 "no-such-command" "$f" run -- no-such-command
expect 126 "/etc/passwd" "$f" run -- /etc/passwd
expect 2 "bogus" "$f" bogus
expect 125 "9000" "$f" run --mtu 9000 -- true
expect 4 "namespace nosuchns: No such file" "$f" --netns nosuchns
expect 4 "999999999" "$f" --netns 999999999
"$f" run -- sh -c 'exit 7'; [ $? = 7 ] || fail "the command's exit code was not passed on"
"$f" run -- sh -c 'kill -KILL $$'; [ $? = 137 ] || fail "128 + 9 was expected"

c=$CTL
expect 4 "no such vif" "$c" ring nobody
expect 4 "no such vif" "$c" ethtool -S nobody
expect 4 "no such bridge" "$c" fdb show br nobr
expect 4 "no such bridge" "$c" fdb stats br nobr
expect 4 "no such domain" "$c" network-list nobody
expect 2 "bogus" "$c" bogus
expect 2 "usage: splitvif network-attach" "$c" network-attach
expect 2 "usage: splitvif network-detach" "$c" network-detach a
expect 4 "no such domain: nobody" "$c" network-attach nobody
expect 4 "no such domain: nobody" "$c" network-detach nobody 0
kill -STOP "$(data_process)"
expect 5 "within 1 s|timed out|no answer" "$c" -t 1 show
kill -CONT "$(data_process)"
kill "$DAEMON"
wait "$DAEMON"
expect 3 "not running" "$c" show
expect 125 "not running" "$f" run -- true
expect 3 "not running" "$c" --rundir "$WORK/nowhere" show
ls "$SPLITVIF_RUNDIR" | grep sock && fail "sockets are left"
[ "$(pgrep -c splitvif)" = 0 ] || fail "processes are left: $(pgrep -la splitvif)"
[ $bad = 0 ] || fail "$bad of the cases above"
