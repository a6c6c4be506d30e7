#!/bin/bash
# GIGABYTES each way at once, VM to VM, every byte checked at its end. Every
# frame is accounted for, drops under their reasons, and segments that TCP had
# to send again are told; above RESENT_PER_MILLION of them it fails. ENGINE as in
# ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter python3
bytes=$((${GIGABYTES:-1} * 1000000000))
limit=${RESENT_PER_MILLION:-100}

# The check itself: another seed's bytes are not taken for ours.
"$STREAM" receive 127.0.0.1 7000 1 1000000 >"$WORK/self" 2>&1 &
receiver=$!
until_true 30 is_listening host 7000 || fail "no receiver"
"$STREAM" send 127.0.0.1 7000 2 1000000 >/dev/null 2>&1 && fail "a wrong payload: its sender is content"
wait $receiver && fail "a wrong payload was taken"
grep -q 'payload is wrong at byte [0-7]$' "$WORK/self" || fail "not the payload: $(cat "$WORK/self")"

daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1

stream_start a b "$b" 1 "$bytes"
stream_start b a "$a" 2 "$bytes"
streams_end
bad=$?
stats_at_rest >"$WORK/stats.json"
for vm in a b; do
	in_vm $vm cat /proc/net/dev | sed -n 's/^ *eth0://p' >"$WORK/$vm.dev"
done
[ $bad = 0 ] || fail "$(tail -n +1 "$WORK"/*.sent "$WORK"/*.received "$WORK/stats.json")"

python3 - "$WORK" "$bytes" "$limit" <<'END' || fail "see above"
import json, sys
work, size, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ok = True
for sender, receiver in ("ab", "ba"):
    sent = json.load(open(f"{work}/{sender}.sent"))
    received = json.load(open(f"{work}/{receiver}.received"))
    share = sent["resent"] / sent["segments"]
    print(f'{sender} to {receiver}: {received["bytes"] / 1e9:.2f} GB, all of it right, '
          f'{received["gbit_per_s"]:.2f} Gbit/s; {sent["resent"]} of {sent["segments"]} segments '
          f'sent again ({share * 1e6:.1f} per million)')
    if received["bytes"] != size or share * 1e6 > limit:
        print(f"    at most {limit:g} per million were to be sent again")
        ok = False
for row in json.load(open(work + "/stats.json")):
    lost = {"from": row["from_guest_frames"] - row["from_guest_forwarded"] - row["from_guest_dropped"],
            "to": row["to_guest_intended"] - row["to_guest_frames"] - row["to_guest_dropped"]}
    for way, dropped in (("from", row["from_guest_dropped"]), ("to", row["to_guest_dropped"])):
        reasons = {name[len(way) + 1:]: count for name, count in row["drops"].items()
                   if name.startswith(way + "_") and count}
        ok = ok and lost[way] == 0 and sum(reasons.values()) == dropped
        print(f'{row["name"]} {way}-guest: {dropped} frames dropped'
              f'{" " + str(reasons) if reasons else ""}, {lost[way]} unaccounted')
for vm in "ab":
    words = list(map(int, open(f"{work}/{vm}.dev").read().split()))
    print(f"eth0 of {vm}: {words[1]} frames received, {words[3]} dropped; "
          f"{words[9]} sent, {words[11]} dropped")
sys.exit(not ok)
END
e2e_end
