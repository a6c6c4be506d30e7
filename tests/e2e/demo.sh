#!/bin/bash
# The demo: passes, tells every step on one screen, and leaves no process,
# namespace, interface, socket or file behind; also when it is interrupted.
. "$(dirname "$0")/lib.sh"
DEMO=$(cd "$(dirname "$0")/../../tools" && pwd)/demo
e2e_begin ping iperf3 pgrep nsenter setpriv
mount -t tmpfs none /run
unset SPLITVIF_RUNDIR
mark=splitvif-demo-test-$$ # in the environment of all that the demo starts

# What must be the same before and after.
traces() {
	ip -br link | sort
	ls /run/splitvif /run/netns 2>/dev/null
	ls -d /tmp/splitvif-txprobe-* 2>/dev/null
	grep -lsz "^DEMO_TEST=$mark$" /proc/[0-9]*/environ | grep -v "/proc/$BASHPID/"
	true
}

demo() {
	env DEMO_TEST=$mark "$DEMO" --build "$BUILD" "$@"
}

traces >"$WORK/before"
demo >"$WORK/out" 2>"$WORK/err" </dev/null || fail "exit $?: $(cat "$WORK/out" "$WORK/err")"
leaves_nothing "a run to the end"
[ ! -s "$WORK/err" ] || fail "it complains: $(cat "$WORK/err")"
for step in 1 2 3 4 5 6 7 8; do
	grep -q "^$step " "$WORK/out" || fail "step $step is missing: $(cat "$WORK/out")"
done
[ "$(wc -l <"$WORK/out")" -le 24 ] || fail "more than 24 lines: $(cat "$WORK/out")"
awk 'length($0) > 80 { exit 1 }' "$WORK/out" || fail "more than 80 columns: $(cat "$WORK/out")"
grep -q 'refused by the kernel' "$WORK/out" || fail "nobody tried to write: $(cat "$WORK/out")"

echo 'splitvif show; a true && b ip -br addr show dev eth0; exit 0' |
	demo --shell >"$WORK/out" 2>&1 || fail "--shell: exit $?: $(cat "$WORK/out")"
grep -q '^eth0 .*10\.77\.0\.' "$WORK/out" || fail "--shell: no VM to be reached: $(cat "$WORK/out")"
leaves_nothing "--shell"

# Interrupted while the VMs talk, by each signal in turn.
for signal in INT TERM KILL; do
	: >"$WORK/out" # here, or the last one's would be read below
	env --default-signal=INT DEMO_TEST=$mark setsid "$DEMO" --build "$BUILD" >"$WORK/out" 2>&1 &
	pid=$!
	timeout 120 sh -c 'until grep -q "^6 " "$1"; do sleep 0.05; done' - "$WORK/out"
	grep -q '^6 ' "$WORK/out" || fail "it did not get to step 6: $(cat "$WORK/out")"
	case $signal in
	INT) kill -INT -- -$pid ;; # as a terminal does it: to the whole group
	*) kill -$signal $pid ;;
	esac
	wait $pid 2>/dev/null
	leaves_nothing "SIG$signal"
done

"$DEMO" --nonsense 2>"$WORK/err" && fail "an unknown option is taken"
[ "$(wc -l <"$WORK/err")" = 1 ] || fail "more than one line: $(cat "$WORK/err")"
exit 0
