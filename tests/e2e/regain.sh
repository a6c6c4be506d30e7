#!/bin/bash
# A connection that breaks while the daemon lives: by what a backend must not
# do to the rings, and by the backend's closing. The frontend says why, once,
# connects anew over the same domain (or, where its device was removed, with a new one), and the VM's traffic goes on.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter python3 xenstore-write ss
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
vm a --queues 1 # whose only RX ring is looked at with every frame
a=$(vm_up a) || exit 1

# smash OFFSET VALUE: overwrites 32 bits of the VM's shared region, as a
# backend could. Pages: 2 of grant table, TX ring, RX ring; rsp_prod stands at 8.
# The backend stands still until the VM, made to look by a frame of its own, has
# seen it: the next frame towards the VM would put the right value back. What the VM
# then writes to the store waits for the backend, too.
smash() {
	local backend before
	backend=$(data_process)
	kill -STOP "$backend"
	until grep -q '^State:.T' "/proc/$backend/status"; do sleep 0.005; done
	before=$(unread)
	write_shared "$@"
	until_true 30 is_seen "$before" || fail "the VM does not look"
	kill -CONT "$backend"
}

unread() {
	ss -Hx | awk '{ n += $3 } END { print n + 0 }'
}

is_seen() {
	in_vm a ping -q -c 1 -W 0.02 10.77.0.1
	[ "$(unread)" -gt "$1" ]
}

write_shared() {
	python3 - "$(cat "$WORK/a.pid")" "$1" "$2" <<'END'
import struct, sys
pid, offset, value = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
base = next(int(l.split("-")[0], 16) for l in open(f"/proc/{pid}/maps") if "splitvif-shared" in l)
with open(f"/proc/{pid}/mem", "r+b", buffering=0) as mem:
    mem.seek(base + offset)
    mem.write(struct.pack("<I", value))
END
}

has_reconnected() {
	[ "$(grep -c 'reconnected after' "$WORK/a.log")" = "$1" ]
}
# regained N PATTERN: the Nth re-connection, for that reason, and frames flow.
regained() {
	until_true 30 has_reconnected "$1" || fail "no $1. time: $(cat "$WORK/a.log")"
	grep -q "$2" "$WORK/a.log" || fail "no '$2': $(cat "$WORK/a.log")"
	[ "$(vm_up a)" = "$a" ] || fail "another address"
	reaches a 10.77.0.1 || fail "no traffic after $2"
}

smash $((3 * 4096 + 8)) 123456789
regained 1 'broke the protocol: rx response index'
xenstore-write "/local/domain/0/backend/vif/1/0/state" 6
regained 2 'backend is Closed'
smash $((3 * 4096 + 8)) 0 # backwards
regained 3 'broke the protocol: rx response index'
grep -c "a introduced" "$WORK/daemon.log" | grep -qx 1 || fail "introduced more than once"
xenstore-rm "/local/domain/0/backend/vif/1/0"
regained 4 'vif removed'
[ "$(grep -c 'connecting anew' "$WORK/a.log")" = 3 ] || fail "told more than once: $(cat "$WORK/a.log")"
grep -h 'connecting anew\|reconnected' "$WORK/a.log"
kill "$(cat "$WORK/a.pid")"
until_true 30 is_gone "$(cat "$WORK/a.pid")" || fail "SIGTERM does not end the VM"
kill "$DAEMON"
wait "$DAEMON" || fail "the daemon's exit"
exit 0
