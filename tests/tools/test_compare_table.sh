#!/bin/bash
# test_compare_table.sh TABLE.PY: medians, quartiles and ratios of made-up runs.
set -u
table=$1 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# want NAME EXPRESSION: holds for the report r, where at(load, peer) is a result.
want() {
	python3 - "$work/out" "$2" <<-'END' || { echo "FAILED: $1: $2"; failed=1; }
	import json, sys
	r = json.load(open(sys.argv[1]))
	def at(load, peer):
	    return [x for x in r["results"] if (x["load"], x["peer"]) == (load, peer)][0]
	sys.exit(not eval(sys.argv[2]))
	END
}

# tcp ROUND LOAD PEER GBIT: a run of one second that took 0.8 s of CPU.
tcp() {
	local bits=$(($4 * 1000000000))
	echo "$1 $2 $3 0 80 0 200 150" >>"$work/runs"
	cat >"$work/$1.$2.$3" <<-END
	{"end": {"sum_received": {"bytes": $((bits / 8)), "bits_per_second": $bits},
	         "sum_sent": {"retransmits": 10}}}
	END
}

printf 'splitvif ours\nveth theirs\npasta to the host only\n' >"$work/peers"
for round in 1 2 3 4 5; do
	echo "$round idle - 0 $round 1 100 -" >>"$work/runs"
	tcp $round 1-vm splitvif $((round * 8))
	tcp $round 1-vm veth $((round * 16))
	tcp $round 1-host splitvif 8
	tcp $round 1-host pasta 4
done
# A ratio is taken within a round: round 6 has no figure of theirs to divide by.
tcp 6 1-vm splitvif 800
echo "6 1-vm veth 0 80 0 200 150" >>"$work/runs" # iperf3 exits so, whatever it says
echo '{"end": {}, "error": "unable to connect"}' >"$work/6.1-vm.veth"
options="seed=7 rounds=6 seconds=1 cpus=0,1"
# shellcheck disable=SC2086
python3 -B "$table" --json tcp "$work" $options >"$work/out" 2>"$work/err" ||
	{ echo "FAILED: exit $?"; failed=1; }
grep -q '6.1-vm.veth.*unable to connect' "$work/err" || { echo "FAILED: no reason"; failed=1; }
want "median" 'at("1-vm", "splitvif")["gbit_per_s"]["median"] == 28'
want "quartiles" '(at("1-host", "pasta")["gbit_per_s"]["q1"], at("1-vm", "veth")["gbit_per_s"]["q3"]) == (4, 64)'
want "ratio" 'at("1-vm", "veth")["gbit_per_s"]["ratio"]["values"] == [0.5] * 5'
want "failed runs" '(at("1-vm", "veth")["failed"], at("1-vm", "veth")["runs"]) == (1, 6)'
want "CPU" 'abs(at("1-host", "splitvif")["cpu_s_per_gb"]["median"] - 0.8) < 1e-9'
want "CPU ratio" 'abs(at("1-vm", "veth")["cpu_s_per_gb"]["ratio"]["median"] - 2) < 1e-9'
want "resent" 'at("1-host", "pasta")["resent_per_gb"]["median"] == 20'
want "stand-in" 'at("1-vm", "pasta")["measured"] == "1-host"'
want "stand-in ratio" 'at("1-vm", "pasta")["gbit_per_s"]["ratio"]["values"] == [2, 4, 6, 8, 10]'
want "idle" 'r["idle"] == {"busy_percent": 3.0, "stolen_percent": 1.0}'
want "options" 'r["options"]["seed"] == "7"'
# shellcheck disable=SC2086
python3 -B "$table" tcp "$work" $options >"$work/out" 2>/dev/null
grep -q 'theirs (1 of 6 failed) *48.00 .* 0.50 ' "$work/out" ||
	{ echo "FAILED: the table:"; cat "$work/out"; failed=1; }

echo "6 1-host splitvif 1 80 0 200 150" >>"$work/runs"
# shellcheck disable=SC2086
python3 -B "$table" tcp "$work" $options >"$work/out" 2>/dev/null && { echo "FAILED: exit 0 after a failure"; failed=1; }

rm "$work"/[0-9]* "$work/runs"
echo "1 idle - 0 0 0 100 -" >>"$work/runs"
for peer in splitvif veth; do
	echo "1 udp-any-vm $peer 0 80 0 200 150" >>"$work/runs"
	printf 'sockperf: ---> percentile 99.900 = 9\nsockperf: ---> percentile 99.000 =  %s.5\nsockperf: ---> percentile 50.000 =   4.25\n' \
		${#peer} >"$work/1.udp-any-vm.$peer"
done
# shellcheck disable=SC2086
python3 -B "$table" --json latency "$work" $options >"$work/out" || { echo "FAILED: exit $?"; failed=1; }
want "p50" 'at("udp-any-vm", "veth")["p50_us"]["median"] == 4.25'
want "p99 ratio" 'at("udp-any-vm", "veth")["p99_us"]["ratio"]["median"] == 8.5 / 4.5'

# What splitvif-bench prints, and what peer-relay does.
rm "$work"/[0-9]* "$work/runs"
echo "1 idle - 0 0 0 100 -" >>"$work/runs"
for peer in splitvif veth; do
	echo "1 64-header $peer 0 80 0 200 $((${#peer} * 10))" >>"$work/runs"
done
echo '{"results": [{"mpps": 6.0, "sent": 100, "missing": 0}]}' >"$work/1.64-header.splitvif"
echo '{"mpps": 4.0, "sent": 1000, "missing": 1}' >"$work/1.64-header.veth"
# shellcheck disable=SC2086
python3 -B "$table" --json relay "$work" $options >"$work/out" || { echo "FAILED: exit $?"; failed=1; }
want "Mpps ratio" 'at("64-header", "veth")["mpps"]["ratio"]["median"] == 1.5'
want "lost" 'at("64-header", "veth")["lost_ppm"]["median"] == 1000'
want "distance" '[at("64-header", p)["apart_ns"]["median"] for p in ("splitvif", "veth")] == [80, 40]'

# A record takes the place of the one before it, and of no other.
printf 'before\n<!-- relay -->\nold\n<!-- end of relay -->\nafter\n' >"$work/it.md"
for i in 1 2; do
	# shellcheck disable=SC2086
	python3 -B "$table" --record="$work/it.md" relay "$work" $options >"$work/out" ||
		{ echo "FAILED: exit $?"; failed=1; }
done
[ "$(grep -c -x -e before -e after -e old -e '<!-- relay -->' "$work/it.md")" = 3 ] &&
	grep -q 'compare relay --rounds 6 --seconds 1 --seed 7' "$work/it.md" &&
	grep -q '  theirs  *4.00 .* 1.50 ' "$work/it.md" &&
	[ "$(sed -n 3p "$work/it/relay.tsv")" = "$(printf '1\t64-header\tveth\t40\t4\t1000')" ] ||
	{ echo "FAILED: the record:"; cat "$work/it.md" "$work/it/relay.tsv"; failed=1; }
exit $failed
