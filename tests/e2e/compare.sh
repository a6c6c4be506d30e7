#!/bin/bash
# The comparison: both kinds run and give figures, bad words are told in a line,
# and nothing of it is left behind, interrupted or not.
. "$(dirname "$0")/lib.sh"
COMPARE=$(cd "$(dirname "$0")/../../tools" && pwd)/compare
e2e_begin ip ping pgrep nsenter setpriv taskset python3 iperf3
mount -t tmpfs none /run
unset SPLITVIF_RUNDIR
mark=splitvif-compare-test-$$ # in the environment of all that it starts

traces() {
	ip -br link | sort
	ls /run/netns /run/splitvif 2>/dev/null
	grep -lsz "^COMPARE_TEST=$mark$" /proc/[0-9]*/environ | grep -v "/proc/$BASHPID/"
	true
}

compare() {
	env COMPARE_TEST=$mark "$COMPARE" --build "$BUILD" --rounds 1 --seconds 1 "$@"
}

# figures METRIC LOAD PEER...: each is there and more than nothing.
figures() {
	python3 - "$WORK/out" "$@" <<-'END' || fail "$2: $(cat "$WORK/out" "$WORK/err")"
	import json, sys
	report, metric, load, *peers = json.load(open(sys.argv[1])), *sys.argv[2:]
	for peer in peers:
	    [row] = [r for r in report["results"] if (r["load"], r["peer"]) == (load, peer)]
	    assert row[metric]["median"] > 0, row
	    assert peer == "splitvif" or row[metric]["ratio"]["median"] > 0, row
	END
}

traces >"$WORK/before"
compare tcp --json --loads 4-vm,1-host --peers veth,tapfwd >"$WORK/out" 2>"$WORK/err" ||
	fail "tcp: exit $?: $(cat "$WORK/err")"
have=$(python3 -c 'import json,sys; print(*{r["peer"] for r in json.load(sys.stdin)["results"]})' <"$WORK/out")
echo "measured: $have; $(cat "$WORK/err")"
figures gbit_per_s 4-vm splitvif tapfwd
figures cpu_s_per_gb 1-host splitvif
[[ $have != *veth* ]] || figures gbit_per_s 1-host veth
leaves_nothing "tcp"

if command -v sockperf >/dev/null; then
	compare latency --loads udp-apart-vm,tcp-any-vm --peers tapfwd --seed 3 >"$WORK/out" 2>"$WORK/err" ||
		fail "latency: exit $?: $(cat "$WORK/err")"
	grep -q 'seed 3' "$WORK/out" && [ "$(grep -c '^  bare.* [0-9.]* ' "$WORK/out")" = 2 ] ||
		fail "latency: $(cat "$WORK/out")"
	leaves_nothing "latency"
fi

[ "$(nproc)" -ge 2 ] || skip "a CPU for each side is needed"
compare relay --json --seconds 0.1 --loads 64-header --peers ceiling,memif,ovs,veth \
	>"$WORK/out" 2>"$WORK/err" || fail "relay: exit $?: $(cat "$WORK/err")"
have=$(python3 -c 'import json,sys; print(*{r["peer"] for r in json.load(sys.stdin)["results"]})' <"$WORK/out")
echo "measured: $have; $(cat "$WORK/err")"
# shellcheck disable=SC2086
figures mpps 64-header $have
[ ! -x "$BUILD/tools/peer-relay" ] || ! command -v dpdk-testpmd >/dev/null ||
	[[ $have = *memif* ]] || fail "relay: $(cat "$WORK/err")"
leaves_nothing "relay"

printf 'before\n<!-- alone -->\nold\n<!-- end of alone -->\nafter\n' >"$WORK/kept.md"
compare alone --seconds 0.02 --loads latency,fdb --seed 5 --record "$WORK/kept.md" >"$WORK/out" 2>"$WORK/err" ||
	fail "alone: exit $?: $(cat "$WORK/err")"
for line in '^host: ' '^\$ splitvif-bench latency --size 64,1514 ' '^64 B, polling  *[0-9]' \
	'^1514 B, sleeping  *[0-9]' '^\$ splitvif-bench fdb$' '^miss, 16 entries  *[0-9]'; do
	grep -q "$line" "$WORK/out" || fail "alone: no '$line': $(cat "$WORK/out")"
	grep -q "$line" "$WORK/kept.md" || fail "alone: not kept: '$line': $(cat "$WORK/kept.md")"
done
expect "alone: what is around the record" "$(grep -c -x -e before -e after -e old "$WORK/kept.md")" 2
compare alone --json --seconds 0.02 --loads latency,fdb >"$WORK/out" 2>"$WORK/err" &&
	python3 - "$WORK/out" <<-'END' || fail "alone --json: $(cat "$WORK/out" "$WORK/err")"
	import json, sys
	runs = json.load(open(sys.argv[1]))["runs"]
	assert [run["load"] for run in runs] == ["latency", "latency", "fdb"], runs
	assert all(run["report"]["results"] for run in runs), runs
	END
leaves_nothing "alone"

env COMPARE_TEST=$mark "$COMPARE" --build "$BUILD" tcp >"$WORK/out" 2>"$WORK/err" &
pid=$!
sleep 2
kill -KILL $pid
wait $pid 2>/dev/null
leaves_nothing "SIGKILL"

for words in "" "udp" "tcp latency" "tcp --rounds 0" "tcp --seconds x" "tcp --rounds" \
	"tcp --seconds 0.5" "relay --seconds 0" "relay --loads 1-vm" "latency --peers pasta" \
	"alone --json --record /tmp/x" "alone --loads 1-vm" "alone --peers veth" \
	"tcp --loads udp-any-vm" "tcp --peers nobody" "tcp --cpus 9999" "tcp --build /nowhere"; do
	# shellcheck disable=SC2086
	"$COMPARE" $words >"$WORK/out" 2>"$WORK/err"
	[ $? = 2 ] && [ "$(wc -l <"$WORK/err")" = 1 ] && [ ! -s "$WORK/out" ] ||
		fail "compare $words: $(cat "$WORK/out" "$WORK/err")"
done
