#!/bin/bash
# 64 VMs at once, each pinging the next; then CYCLES times attach and detach:
# descriptors, mappings and memory of the backend come back.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vms=${VMS:-64}
with_sanitizer() { grep -q libasan "/proc/$(data_process)/maps"; }
cycles=${CYCLES:-$(with_sanitizer && echo 100 || echo 1000)}
fds() { ls "/proc/$(data_process)/fd" | wc -l; }
maps() { grep -c splitvif- "/proc/$(data_process)/maps"; }
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(data_process)/status"; }
settle() { # until as many vifs are left
	for i in $(seq 250); do
		[ "$("$CTL" --json show | grep -o '"frontend_state"' | wc -l)" = "$1" ] && return
		sleep 0.02
	done
	fail "vifs are left: $("$CTL" show)"
}

fds0=$(fds) maps0=$(maps)
for i in $(seq "$vms"); do vm "v$i"; done
for i in $(seq "$vms"); do vm_up "v$i" >"$WORK/v$i.ip" || exit 1; done
for i in $(seq "$vms"); do
	in_vm "v$i" ping -q -c 20 -i 0.1 "$(cat "$WORK/v$((i % vms + 1)).ip")" >"$WORK/v$i.ping" &
	pings="${pings-} $!"
done
wait $pings
for i in $(seq "$vms"); do
	grep -q ' 0% packet loss' "$WORK/v$i.ping" || fail "v$i: $(tail -n 3 "$WORK/v$i.ping")"
done
echo "$vms VMs, all pinging: no loss; $(fds) descriptors, $(maps) mappings"
for i in $(seq "$vms"); do kill -9 "$(cat "$WORK/v$i.pid")"; done
settle 0
[ "$(fds)" = "$fds0" ] && [ "$(maps)" = "$maps0" ] ||
	fail "after $vms kill -9: $(fds) descriptors ($fds0 before), $(maps) mappings ($maps0)"

cycle() {
	"$FRONT" gen --name c --dst 02:00:00:00:00:01 --count 2 >/dev/null 2>"$WORK/c.log" ||
		fail "cycle $1: $(cat "$WORK/c.log")"
}
for i in $(seq 20); do cycle "$i"; done
settle 0
rss0=$(rss)
for i in $(seq "$cycles"); do cycle "$i"; done
settle 0
echo "$cycles cycles: $(fds) descriptors ($fds0), $(maps) mappings ($maps0), RSS $(rss) kB ($rss0)"
[ "$(fds)" = "$fds0" ] && [ "$(maps)" = "$maps0" ] || fail "descriptors or mappings leak"
# A sanitizer keeps what was freed; it looks for leaks itself, at the end.
with_sanitizer || [ "$(rss)" -le $((rss0 + rss0 / 20 + 512)) ] ||
	fail "memory leaks"
XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
export XENSTORED_PATH
[ -z "$(command -v xenstore-ls)" ] || [ "$(xenstore-ls -f | grep -c /vif/)" = 0 ] ||
	fail "nodes are left: $(xenstore-ls -f)"
e2e_end
