#!/bin/bash
# TCP in both directions at once, VM to VM; every frame is accounted for.
# SECONDS_EACH: 2 in the ordinary suite, 60 under --soak. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin iperf3 pgrep nsenter python3
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1

iperf_server b
in_vm a iperf3 -c "$b" --bidir -t "${SECONDS_EACH:-2}" -J >"$WORK/iperf.json" ||
	fail "iperf3: $(grep error "$WORK/iperf.json")"
stats_at_rest >"$WORK/stats.json"
python3 - "$WORK" <<'END' || fail "see above"
import json, sys
work = sys.argv[1]
ends = json.load(open(work + "/iperf.json"))["end"]
there, back = (ends[k]["bits_per_second"] / 1e9
               for k in ("sum_received", "sum_received_bidir_reverse"))
resent = ends["sum_sent"]["retransmits"] + ends["sum_sent_bidir_reverse"]["retransmits"]
print(f"there {there:.2f} Gbit/s, back {back:.2f} Gbit/s, {resent} segments sent again")
ok = there > 0.01 and back > 0.01
for row in json.load(open(work + "/stats.json")):
    lost_from = row["from_guest_frames"] - row["from_guest_forwarded"] - row["from_guest_dropped"]
    lost_to = row["to_guest_intended"] - row["to_guest_frames"] - row["to_guest_dropped"]
    print(f'{row["name"]}: from {row["from_guest_frames"]} dropped {row["from_guest_dropped"]}, '
          f'to {row["to_guest_intended"]} dropped {row["to_guest_dropped"]}, '
          f'unaccounted {lost_from} {lost_to}')
    ok = ok and lost_from == 0 and lost_to == 0
sys.exit(not ok)
END
e2e_end
