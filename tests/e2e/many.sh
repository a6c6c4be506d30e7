#!/bin/bash
# 64 VMs at once, each pinging the next; then CYCLES times a VM comes and goes,
# and in each tenth of them it gets another vif and loses it: descriptors,
# mappings, memory, nodes, watches and event channels of the backend come back.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter python3
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vms=${VMS:-64}
with_sanitizer() { grep -q libasan "/proc/$(data_process)/maps"; }
cycles=${CYCLES:-$(with_sanitizer && echo 400 || echo 1000)}
fds() { ls "/proc/$(data_process)/fd" | wc -l; }
maps() { grep -c splitvif- "/proc/$(data_process)/maps"; }
# Nodes, watches and transactions of domain 0; and whether the tree agrees.
books() {
	python3 - "$SPLITVIF_RUNDIR/store.sock" <<'END'
import socket, struct, sys
store = socket.socket(socket.AF_UNIX)
store.connect(sys.argv[1])
for words in b"check\0", b"quota\0" b"0\0":
    store.sendall(struct.pack("<IIII", 0, 0, 0, len(words)) + words)  # XS_CONTROL
    length = struct.unpack("<IIII", store.recv(16, socket.MSG_WAITALL))[3]
    print(*store.recv(length, socket.MSG_WAITALL).strip(b"\0").decode().split())
END
}
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(data_process)/status"; }
has_vifs() { [ "$("$CTL" --json show | grep -o '"frontend_state"' | wc -l)" = "$1" ]; }
settle() { # until as many vifs are left
	until_true 60 has_vifs "$1" || fail "vifs are left: $("$CTL" show)"
}
is_as_before() { [ "$(fds)" = "$fds0" ] && [ "$(maps)" = "$maps0" ]; }

fds0=$(fds) maps0=$(maps) books0=$(books)
for i in $(seq "$vms"); do vm "v$i"; done
for i in $(seq "$vms"); do vm_up "v$i" >"$WORK/v$i.ip" || exit 1; done
for i in $(seq "$vms"); do
	answered "v$i" "$(cat "$WORK/v$((i % vms + 1)).ip")" 84 20 -i 0.1 >"$WORK/v$i.answered" &
	pings="${pings-} $!"
done
wait $pings
for i in $(seq "$vms"); do expect "answers to v$i" "$(cat "$WORK/v$i.answered")" 20; done
echo "$vms VMs, all pinging: no loss; $(fds) descriptors, $(maps) mappings"
for i in $(seq "$vms"); do kill -9 "$(cat "$WORK/v$i.pid")"; done
settle 0
until_true 30 is_as_before ||
	fail "after $vms kill -9: $(fds) descriptors ($fds0 before), $(maps) mappings ($maps0)"

# A program a VM; the rest come and go in one process.
cycle() {
	"$FRONT" gen --name c --dst 02:00:00:00:00:01 --count 2 >/dev/null 2>"$WORK/c.log" ||
		fail "cycle $1: $(cat "$WORK/c.log")"
}
# More than a domain has event channels for, if one were kept each time.
hot_cycle() {
	"$CTL" network-attach hot devid=3 >/dev/null && "$CTL" network-detach hot 3 >/dev/null ||
		fail "hot cycle $1: $("$CTL" network-list hot; cat "$WORK/hot.log")"
}
hot_cycles() {
	vm hot
	vm_up hot >/dev/null || exit 1
	for i in $(seq "$1"); do hot_cycle "$i"; done
	kill -9 "$(cat "$WORK/hot.pid")"
	settle 0
}
cycles() {
	"$BUILD/tests/e2e/cycles" "$1" 8 10 || fail "see above"
	settle 0
}
for i in $(seq 20); do cycle "$i"; done
settle 0
hot_cycles 5
cycles 100
rss0=$(rss)
for i in $(seq 40); do cycle "$i"; done
hot_cycles 16
cycles "$cycles"
echo "$cycles cycles, and with programs 40 and 16: $(fds) descriptors ($fds0), $(maps) mappings ($maps0)," \
	"RSS $(rss) kB ($rss0), store: $(books | tail -n 1)"
expect "the store's books" "$(books)" "$books0"
until_true 30 is_as_before || fail "descriptors or mappings leak"
# A sanitizer keeps what was freed; it looks for leaks itself, at the end.
with_sanitizer || [ "$(rss)" -le $((rss0 + rss0 / 20 + 512)) ] ||
	fail "memory leaks"
XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
export XENSTORED_PATH
[ -z "$(command -v xenstore-ls)" ] || [ "$(xenstore-ls -f | grep -c /vif/)" = 0 ] ||
	fail "nodes are left: $(xenstore-ls -f)"
e2e_end
