#!/bin/sh
# splitvif-bench lab as people run it, for an instant: every run accounts for all of
# its frames, and what is written is whole. Its figures mean nothing.
set -eu

bench=$BUILD/tools/splitvif-bench
work=$(mktemp -d)
TMPDIR=$work/tmp
export TMPDIR
mkdir "$TMPDIR"
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAIL: $*"
	exit 1
}

run() {
	rm -rf "$work/lab"
	"$bench" lab --smoke --only X1,X2,X20 --repeats 2 --seed 5 --out "$work/lab" >"$work/out" \
		2>"$work/err" || fail "status $?: $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$(cat "$work/err")"
	grep -q '^X1 *undecided ' "$work/out" || fail "a verdict on two runs each: $(cat "$work/out")"
	[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
}

# Whether the machine let something happen in each run, short as they are.
has_run() {
	python3 -c '
import csv, sys
sys.exit(not all(int(row["run_offered"]) and int(row["run_delivered"]) and
    float(row["rounds_per_s"]) for row in csv.DictReader(open(sys.argv[1]))))' "$work/lab/X01.csv"
}

run
has_run || run
has_run || run
python3 - "$work/lab" <<'END' || fail "$(cat "$work/lab/X01.csv")"
import csv, json, os, re, sys

lab = sys.argv[1]
rows = list(csv.DictReader(open(lab + "/X01.csv")))
# Complete blocks: each point once, one right after the other, in another order each time.
for number in 1, 20:
    of = list(csv.DictReader(open(f"{lab}/X{number:02}.csv")))
    orders = [int(row["order"]) for row in of]
    half = len(of) // 2
    assert orders == sorted(orders) and half >= 4
    blocks = [[list(row.values())[:list(row).index("order")] for row in part]
        for part in (of[:half], of[half:])]
    assert [row["repeat"] for row in of] == ["1"] * half + ["2"] * half, of
    for part in orders[:half], orders[half:]:
        assert part[-1] - part[0] == half - 1, orders
    assert blocks[0] != blocks[1] and sorted(blocks[0]) == sorted(blocks[1]), blocks
    assert len({str(point) for point in blocks[0]}) == half
for row in rows:
    run = {name: int(row["run_" + name]) for name in
        ("offered", "unsent", "drop_ring", "drop_queue", "delivered", "in_flight")}
    assert run["offered"] > 0 and run["delivered"] > 0 and run["in_flight"] == 0, row
    assert run["offered"] == (run["unsent"] + run["drop_ring"] + run["drop_queue"] +
        run["delivered"]), row
    assert float(row["rounds_per_s"]) > 0 and float(row["window_s"]) > 0.02, row
summary = list(csv.DictReader(open(lab + "/X02_summary.csv")))
assert sum(int(row["runs"]) for row in summary) == len(rows)
assert json.load(open(lab + "/env.json"))["seed"] == 5
html, md = open(lab + "/report.html").read(), open(lab + "/report.md").read()
assert "undecided" in html and "undecided" in md and html.endswith("</body></html>\n")
figures = re.findall(r"\]\((X\d\d_\w+)\.svg\)", md)
drawn = bool(json.load(open(lab + "/env.json"))["gnuplot"])
assert drawn == (len(figures) > 0) and drawn == ("<svg" in html), figures
for name in figures:
    assert os.path.getsize(f"{lab}/{name}.svg") > 1000, name
    assert os.path.getsize(f"{lab}/{name}.png") > 1000, name
assert drawn == ("Figure missing" not in md)
END

# bad "PART OF THE ONE LINE" STATUS ARG...
bad() {
	part=$1 expected=$2 status=0
	shift 2
	"$bench" lab "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" -eq "$expected" ] || fail "$*: status $status instead of $expected"
	grep -q -e "$part" "$work/err" || fail "$*: $(cat "$work/err")"
	[ ! -s "$work/out" ] || fail "$*: something on stdout"
}

bad "no such experiment" 2 --smoke --only X99
bad "cannot create $work/none/lab" 1 --smoke --only X1 --out "$work/none/lab"
bad "cannot start splitvifd" 3 --smoke --only X1 --out "$work/lab" --splitvifd /bin/false
