#!/bin/bash
# kill -9 of the backend while VMS vifs are busy, KILLS times: half of them send
# numbered frames to the other half. All come back by themselves, soon; nothing
# arrives twice or out of order; what is lost is no more than the rings held and
# was sent while the peer was away.
. "$(dirname "$0")/lib.sh"
e2e_begin python3 pgrep
vms=${VMS:-8} kills=${KILLS:-3} rate=${RATE:-1000}
options="--engine ${ENGINE:-auto} --bridge xenbr0"
daemon $options
# Room for descriptors is made before there are threads: later it takes 10 to 20 ms a
# time, within which nobody comes back.
if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 8192 ]; then
	room=$(sed -n 's/^FDSize:\t//p' "/proc/$(data_process)/status")
	[ "$room" -ge 8192 ] || fail "the table of descriptors has room for $room only"
fi
mac() { printf '00:16:3e:00:01:%02x' "$1"; }
connected() { "$CTL" --json show | grep -o '"state":"Connected"' | wc -l; }
all_connected() { [ "$(connected)" = "$vms" ]; }
back() { [ "$(cat "$WORK"/*.log | grep -c 'reconnected after')" = $((vms * ${1:-1})) ]; }

for i in $(seq $((vms / 2))); do
	"$FRONT" sink --name "s$i" --mac "$(mac "$i")" --json >"$WORK/s$i.out" 2>"$WORK/s$i.log" &
	sinks="${sinks-} $!"
done
until_true 20 eval "[ \$(connected) = $((vms / 2)) ]" || fail "sinks: $(connected)"
for i in $(seq $((vms / 2))); do
	"$FRONT" gen --name "g$i" --dst "$(mac "$i")" --rate "$rate" --json \
		>"$WORK/g$i.out" 2>"$WORK/g$i.log" &
	gens="${gens-} $!"
done
until_true 20 all_connected || fail "not all come up: $("$CTL" show)"
for k in $(seq "$kills"); do
	sleep 0.3 # so that the rings are busy
	kill -9 "$(data_process)" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	daemon $options
	until_true 20 back "$k" || fail "kill $k: $(connected) of $vms are back: $("$CTL" show)"
done
sleep 0.1
for end in $gens; do kill -TERM "$end"; done
for end in $gens; do wait "$end" || fail "a gen ended badly"; done
stats_at_rest >"$WORK/stats"
for end in $sinks; do kill -TERM "$end"; done
for end in $sinks; do wait "$end" || fail "a sink ended badly"; done
python3 - "$WORK" "$vms" "$kills" "$rate" "${STRICT:-0}" <<'END' || fail "see above"
import json, re, sys
work, vms, kills, rate, strict = sys.argv[1], *map(int, sys.argv[2:])
pairs = range(1, vms // 2 + 1)
outages = [[float(ms) for ms in re.findall(r"reconnected after ([0-9.]+) ms",
            open(f"{work}/{kind}{i}.log").read())] for i in pairs for kind in "sg"]
first = [min(o[k] for o in outages) for k in range(kills)]
last = [max(o[k] for o in outages) for k in range(kills)]
print(f"{vms} vifs, {kills} kills: the first one back after "
      + " ".join(f"{ms:.0f}" for ms in first) + " ms, the last after "
      + " ".join(f"{ms:.0f}" for ms in last) + " ms")
bad, sent, lost, unanswered = [], 0, 0, 0
for i in pairs:
    g, s = (json.load(open(f"{work}/{kind}{i}.out")) for kind in "gs")
    if s["duplicates"] or s["reordered"] or s["corrupt"]:
        bad.append(f"s{i}: {s}")
    loss, bound = g["sent"] - s["received"], kills * 512 + rate * sum(last) / 1000
    if loss < 0 or loss > bound or s["received"] == 0:
        bad.append(f"pair {i}: {g['sent']} sent, {s['received']} received, at most {bound:.0f} lost")
    sent, lost, unanswered = sent + g["sent"], lost + loss, unanswered + g["lost"] + g["errors"]
print(f"{sent} frames: {lost} lost; {unanswered} had no answer, which their senders counted; "
      "none twice, none out of order")
judge = max if strict else min  # a busy machine may let us wait, once
if judge(first) > 500 or judge(last) > 2000:
    bad.append("too slow")
sys.exit("\n".join(bad) or 0)
END
e2e_end
