#!/bin/bash
# kill -9 of the backend, three times, under TCP from VM to VM and from VM to
# host: the connections live and finish; the uplink keeps its addresses.
. "$(dirname "$0")/lib.sh"
e2e_begin iperf3 pgrep nsenter python3
options="--engine ${ENGINE:-auto} --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24"
daemon $options
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1
ip addr add 10.77.0.200/24 dev xentap0 # by hand: a restart must not lose it
link=$(cat /sys/class/net/xentap0/address)

in_vm b iperf3 -s -1 -p 5201 >/dev/null &
iperf3 -s -1 -p 5202 >/dev/null &
sleep 0.5
in_vm a iperf3 -c "$b" -p 5201 -t 8 -i 0.1 -J >"$WORK/vm.json" &
vm_run=$!
in_vm a iperf3 -c 10.77.0.200 -p 5202 -t 8 -i 0.1 -J >"$WORK/host.json" &
host_run=$!
for i in 1 2 3; do
	sleep 1.5
	kill -9 "$(data_process)" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	daemon $options
	vm_up a >/dev/null && vm_up b >/dev/null
	[ "$(address a)" = "$a" ] && [ "$(address b)" = "$b" ] || fail "another address after restart $i"
done
wait $vm_run || fail "VM to VM: the connection died: $(grep error "$WORK/vm.json")"
wait $host_run || fail "VM to host: the connection died: $(grep error "$WORK/host.json")"
ip -4 addr show dev xentap0 | grep -q 10.77.0.200 || fail "the uplink lost an address"
[ "$(cat /sys/class/net/xentap0/address)" = "$link" ] || fail "the uplink is another device"
grep -ho 'reconnected after [0-9.]* ms' "$WORK/a.log" "$WORK/b.log"
[ "$(grep -c 'reconnected after' "$WORK/a.log")" = 3 ] || fail "a: $(cat "$WORK/a.log")"
python3 - "$WORK" <<'END' || fail "no transfer in the end"
import json, sys
ok = True
for name in ("vm", "host"):
    run = json.load(open(f"{sys.argv[1]}/{name}.json"))
    silent, longest = 0, 0
    for i in run["intervals"]:
        silent = silent + i["sum"]["seconds"] if i["sum"]["bytes"] == 0 else 0
        longest = max(longest, silent)
    last = run["intervals"][-5:]
    ok = ok and any(i["sum"]["bytes"] for i in last)
    gbit = run["end"]["sum_received"]["bits_per_second"] / 1e9
    print(f"{name}: {gbit:.2f} Gbit/s over all, longest silence {longest * 1000:.0f} ms")
sys.exit(not ok)
END
e2e_end
