#!/bin/sh
# splitvif-bench as people run it, with runs too short to mean anything: its
# figures are there, frames are not lost, nothing is left behind.
set -eu

bench=$BUILD/tools/splitvif-bench
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
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
	for row in report["results"]:
	    figure = row["mmsg_per_s" if "shape" in row else "mpps"]
	    # On a busy machine a figure may well be below a thousandth.
    assert 0 <= row["min"] <= row["q1"] <= figure <= row["q3"] <= row["max"]
    assert row["messages" if "shape" in row else "received"] > 0
	    assert row["spread_percent"] >= 0 and 0 <= row["steal_percent"] <= 100
	    assert 0 <= row["cpu_percent"] <= 110
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

short='--repeats 3 --duration 0.05 --warmup 0.05'
conserved='(row["missing"] == row["dropped"] and row["unexplained"] == 0 and
	row["duplicates"] == row["reordered"] == row["corrupt"] == row["errors"] == 0 and
	row["sent"] == row["received"] + row["dropped"] > 0)'
lossless="row['sent'] == row['received'] and $conserved"

# shellcheck disable=SC2086
{
	good "ring" 4 'row["repeats"] == 3 and row["size"] in (64, 1514)' ring $short
	# Who of the two sleeps, and is woken, is a matter of who is faster.
	good "ring, sleeping" 4 \
		'row["front_notifications_per_1000"] + row["back_notifications_per_1000"] > 0' \
		ring --wake $short
	good "ring, one way, small batches" 1 'row["shape"] == "rx" and row["batch"] == 7' \
		ring --shape rx --size 100 --batch 7 $short
	good "ring on one processor" 2 'row["shape"] == "tx"' ring --shape tx --cpus 0,0 $short
	good "relay" 2 "$lossless and row['repeats'] == 3" relay $short
	good "relay, sleeping" 2 "$lossless" relay --wake $short
	good "relay, epoll" 2 "$lossless" relay --engine epoll $short
	good "relay, counted and verified" 2 "$lossless and row['repeats'] == 1" \
		relay --count 20000 --warmup 0
	good "relay, open" 2 "$conserved" relay --mode open $short
	good "relay, open with a slow sink" 2 \
		"$conserved and row['dropped'] > 0 and 'to_' in row['drop_reasons']" \
		relay --mode open --sink-rate 10 --count 100000
	good "relay, open and paced" 1 "$conserved and row['mpps'] < 0.02" \
		relay --mode open --rate 10000 --size 64 $short
}

bad "no command" 2 "no command given"
bad "a daemon that is none" 3 "cannot start splitvifd: /bin/false" relay --splitvifd /bin/false
bad "no daemon" 3 "No such file" relay --splitvifd /nonexistent/splitvifd

echo "  interrupted"
"$bench" relay --duration 60 2>"$TMPDIR/err" &
pid=$!
sleep 1
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 1 ] || fail "interrupted: status $status"
grep -q interrupted "$TMPDIR/err" || fail "interrupted: $(cat "$TMPDIR/err")"
rm -f "$TMPDIR/err"
nothing_left interrupted
exit "$failed"
