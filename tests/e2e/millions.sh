#!/bin/bash
# FRAMES frames from gen to sink, numbered and with checksums, through the real
# daemon: first with credit, where none may be lost, then paced at half the rate
# that this gave, where 99.9 % of what was sent must arrive, all else counted.
# ENGINE as in ping.sh; QUEUES: of each vif, on one of which each flow is in order.
set -u
bench=$BUILD/tools/splitvif-bench
load="--engine ${ENGINE:-auto} --queues ${QUEUES:-1} --count ${FRAMES:-10000000}"
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
command -v python3 >/dev/null || { echo "SKIP: python3 is not installed"; exit 77; }

# half FILE SIZE: half the rate of that size, in frames a second.
half() {
	python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))["results"]:
    if row["size"] == int(sys.argv[2]):
        print(int(row["mpps"] * 500000))' "$@"
}

# check FILE MIN-SHARE: no duplicate, none out of order, none unexplained.
check() {
	python3 -c '
import json, sys
ok = True
for r in json.load(open(sys.argv[1]))["results"]:
    print("%d bytes, %s: %.2f Mpps, sent %d = received %d + dropped %d; doubled %d, "
          "reordered %d, on another queue %d, corrupt %d" % (r["size"], sys.argv[3],
          r["mpps"], r["sent"], r["received"], r["dropped"], r["duplicates"],
          r["reordered"], r["strayed"], r["corrupt"]))
    ok = ok and r["sent"] == r["received"] + r["dropped"] and not (
        r["duplicates"] or r["reordered"] or r["strayed"] or r["corrupt"] or
        r["unexplained"])
    ok = ok and r.get("queues_jain", 1) > 0.6
    ok = ok and r["received"] >= r["sent"] * float(sys.argv[2])
sys.exit(not ok)' "$@"
}

# shellcheck disable=SC2086
{
	"$bench" --json relay $load >"$out/closed" || exit 1
	check "$out/closed" 1 "with credit" || exit 1
	for size in 64 1514; do
		"$bench" --json relay $load --mode open --rate "$(half "$out/closed" $size)" \
			--size $size >"$out/open" || exit 1
		check "$out/open" 0.999 "paced at half of it" || exit 1
	done
}
