#!/bin/sh
# splitvif-bench as people run it, with runs too short to mean anything: its
# figures are there, frames are not lost, nothing is left behind. LONGER=1: three
# times as long each, and also what is much like another.
set -eu

bench=$BUILD/tools/splitvif-bench
kept=$(mktemp -d) # beside what the bench may leave behind
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR" "$kept"' EXIT
failed=0

fail() {
	echo "FAILED: $*"
	failed=1
}

nothing_left() {
	[ -z "$(ls -A "$TMPDIR")" ] || fail "$1: left behind: $(ls -A "$TMPDIR")"
}

# good NAME ROWS "PYTHON CONDITION ON EACH row" ARG...
good() {
	name=$1 rows=$2 condition=$3
	shift 3
	echo "  $name"
	"$bench" --json "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" || fail "$name: status $?"
	[ ! -s "$TMPDIR/err" ] || fail "$name: $(cat "$TMPDIR/err")"
	python3 - "$TMPDIR/out" "$rows" "$condition" <<-'END' || fail "$name: $(cat "$TMPDIR/out")"
	import json, sys

	report = json.load(open(sys.argv[1]))
	assert report["host"] and report["cpus"] and report["version"]
	assert len(report["results"]) == int(sys.argv[2])
	figures = {"ring": "mmsg_per_s", "relay": "mpps", "ceiling": "mpps", "loop": "mpps",
	    "latency": "p50_us", "wake": "notify_ns", "grant": "ns", "fdb": "ns", "segment": "ns",
	    "tap": "kpps", "growth": "mpps", "idle": "percent"}
	for row in report["results"]:
	    figure = figures[report["command"]]
	    # On a busy machine a figure may well be below a thousandth.
	    assert 0 <= row["min"] <= row["q1"] <= row[figure] <= row["q3"] <= row["max"]
	    assert row["min"] <= row[figure + "_low"] <= row[figure + "_high"] <= row["max"]
	    assert row.get("messages", row.get("received", 1)) > 0
	    assert row["spread_percent"] >= 0 and 0 <= row["steal_percent"] <= 100
	    assert 0 <= row.get("cpu_percent", 0) <= 210 and row["case"]
	    assert eval(sys.argv[3])
	END
	rm -f "$TMPDIR/out" "$TMPDIR/err"
	nothing_left "$name"
}

# bad NAME STATUS "PART OF THE ONE LINE" ARG...
bad() {
	name=$1 expected=$2 part=$3 status=0
	shift 3
	echo "  $name"
	"$bench" "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" || status=$?
	[ "$status" -eq "$expected" ] || fail "$name: status $status instead of $expected"
	[ "$(wc -l <"$TMPDIR/err")" -eq 1 ] || fail "$name: not one line"
	grep -q -e "$part" "$TMPDIR/err" || fail "$name: $(cat "$TMPDIR/err")"
	[ ! -s "$TMPDIR/out" ] || fail "$name: something on stdout"
	rm -f "$TMPDIR/out" "$TMPDIR/err"
	nothing_left "$name"
}

longer() {
	[ -z "${LONGER-}" ] || "$@"
}

short='--repeats 3 --duration 0.01 --warmup 0.01'
longer eval "short='--repeats 3 --duration 0.03 --warmup 0.02'"
conserved='(row["missing"] == row["dropped"] and row["unexplained"] == 0 and
	row["duplicates"] == row["reordered"] == row["strayed"] == 0 and
	row["corrupt"] == row["errors"] == 0 and
	row["sent"] == row["received"] + row["dropped"] > 0)'
lossless="row['sent'] == row['received'] and $conserved"

# shellcheck disable=SC2086
{
	good "ring" 4 'row["repeats"] == 3 and row["size"] in (64, 1514)' ring $short
	# Who of the two sleeps, and is woken, is a matter of who is faster.
	longer good "ring, sleeping" 4 \
		'row["front_notifications_per_1000"] + row["back_notifications_per_1000"] > 0' \
		ring --wake $short
	good "ring, all kinds" 4 'row["ring"] in row["case"]' \
		ring --ring xen,spsc,split,packed --shape tx --size 64 $short
	longer good "ring, all kinds, sleeping" 4 'row["shape"] == "rx"' \
		ring --ring xen,spsc,split,packed --shape rx --size 64 --sleep --batch 5 $short
	longer good "ring, one way, small batches" 1 'row["shape"] == "rx" and row["batch"] == 7' \
		ring --shape rx --size 100 --batch 7 $short
	longer good "ring on one processor" 2 'row["shape"] == "tx"' ring --shape tx --cpus 0,0 $short
	good "relay" 2 "$lossless and row['repeats'] == 3" relay $short
	good "relay, sleeping" 2 "$lossless" relay --wake $short
	longer good "relay, epoll" 2 "$lossless" relay --engine epoll $short
	good "relay, counted and verified" 2 "$lossless and row['repeats'] == 1" \
		relay --count 20000 --warmup 0
	good "relay, all sizes, whole" 3 "$lossless" \
		relay --size 64,5000,65535 --payload whole $short
	good "relay, all pairs of 5" 1 "$lossless and 0.5 < row['jain'] <= 1" \
		relay --vms 5 --size 64 $short
	good "relay, flood" 1 "$lossless" relay --vms 4 --flood --size 100 $short
	longer good "relay, separate and sleeping" 1 "$lossless" relay --separate --sleep --size 64 $short
	# Without a ratio where, on a busy machine, a run of one of them got nowhere.
	good "relay and its ceiling" 2 \
		'(row["switch"] == "bare" or row.get("of_ceiling", 0) > 0 or
		not min(r["min"] for r in report["results"]))' \
		relay --ceiling --size 64 $short
	good "ceiling" 3 'row["switch"] == "bare"' ceiling --size 64,1514,65535 $short
	good "latency" 1 'row["p50_us"] <= row["p99_us"] <= row["p999_us"] and row["trips"] > 0' \
		latency $short
	longer good "latency, sleeping" 1 'row["p50_us"] > 0 and row["kicks_per_trip"] > 0' \
		latency --sleep --size 1514 $short
	good "relay, many addresses and vifs" 1 "$lossless" \
		relay --macs 1000 --destinations 100 --attached 6 --size 64 $short
	good "relay, two workers" 1 "$lossless" relay --workers 2 --vms 4 --size 64 $short
	good "relay, queues and workers" 1 "$lossless and row['queues_jain'] > 0.6" \
		relay --queues 4 --workers 2 --vms 3 --size 64 $short
	longer good "relay, most queues, flood" 1 "$lossless and row['queues_jain'] > 0.6" \
		relay --queues 16 --vms 3 --flood --size 64 $short
	longer good "growth" 6 'row["missing"] == 0 and row.get("of_smaller", 1) > 0' growth $short
	# Processor time, not time: others that are busy do not make it more.
	good "idle" 1 'row["min"] < 0.5 and row["attached"] == 16 and row["spent_ms"] > 0' \
		idle --repeats 3 --duration 0.5
	good "loop" 2 'row["ns"] > 0' loop $short
	good "loop, counted" 1 'row["repeats"] == 1' loop --count 1000 --size 9000 --warmup 0
	longer good "fdb" 15 'row["ns"] < 1e6' fdb $short
	good "grant" 7 'row["ns"] < 1e6' grant --size 64,65535 $short
	good "segment" 7 'row["gb_per_s"] > 0' segment $short
	good "relay, open" 2 "$conserved" relay --mode open $short
	good "relay, open with a slow sink" 1 \
		"$conserved and row['dropped'] > 0 and 'to_' in row['drop_reasons']" \
		relay --mode open --size 1514 --sink-rate 10 --count 12000 --warmup 0.02
	good "relay, open and paced" 1 "$conserved and row['mpps'] < 0.02" \
		relay --mode open --rate 10000 --size 64 $short
}

# Where io_uring is forbidden, its cases are left out with a word.
for command in wake tap; do
	echo "  $command"
	# shellcheck disable=SC2086
	if "$bench" $command --csv $short >"$TMPDIR/out" 2>"$TMPDIR/err"; then
		[ "$(grep -c '^"' "$TMPDIR/out")" -ge 4 ] || fail "$command: $(cat "$TMPDIR/out")"
	elif [ $command != tap ] || ! grep -q "what TAPs need" "$TMPDIR/err"; then
		fail "$command: $(cat "$TMPDIR/err")"
	fi
	rm -f "$TMPDIR/out" "$TMPDIR/err"
done

echo "  comparison"
"$bench" fdb --json --repeats 3 --duration 0.003 --warmup 0 >"$kept/old"
"$bench" fdb --json --repeats 3 --duration 0.003 --warmup 0 --tolerance 1000 \
	--compare "$kept/old" >"$TMPDIR/out" 2>"$TMPDIR/err" || fail "comparison: status $?"
grep -q '"comparison":\[{"case"' "$TMPDIR/out" || fail "comparison: $(cat "$TMPDIR/out")"
sed 's/\("ns[_a-z]*":\)[0-9.]*/\10.001/g' "$kept/old" >"$kept/fast"
status=0
"$bench" fdb --repeats 3 --duration 0.003 --warmup 0 --compare "$kept/fast" \
	>"$TMPDIR/out" 2>"$TMPDIR/err" || status=$?
[ "$status" -eq 1 ] || fail "a regression: status $status"
[ "$(grep -c 'worse than' "$TMPDIR/err")" -eq 15 ] || fail "a regression: $(cat "$TMPDIR/err")"
grep -q ' worse$' "$TMPDIR/out" || fail "a regression: $(cat "$TMPDIR/out")"
rm -f "$TMPDIR/out" "$TMPDIR/err"
bad "another command's report" 2 "a report of another command" grant --compare "$kept/old"

bad "no command" 2 "no command given"
bad "a daemon that is none" 3 "cannot start splitvifd: /bin/false" relay --splitvifd /bin/false
bad "no daemon" 3 "No such file" relay --splitvifd /nonexistent/splitvifd

echo "  interrupted"
"$bench" relay --duration 60 2>"$TMPDIR/err" &
pid=$!
until [ -S "$(echo "$TMPDIR"/splitvif-*/ctl.sock)" ]; do sleep 0.05; done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 1 ] || fail "interrupted: status $status"
grep -q interrupted "$TMPDIR/err" || fail "interrupted: $(cat "$TMPDIR/err")"
rm -f "$TMPDIR/err"
nothing_left interrupted
exit "$failed"
