#!/bin/bash
# VM to VM and VM to host: no ping is lost. ENGINE: uring or epoll.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1

no_loss() {
	echo "$1" | grep -q ' 0% packet loss' || fail "$2: $1"
	echo "$2: $(echo "$1" | tail -n 2 | tr '\n' ' ')"
}
no_loss "$(in_vm a ping -q -c 1000 -i 0.002 "$b")" "a to b"
no_loss "$(in_vm b ping -q -c 200 -i 0.002 "$a")" "b to a"
no_loss "$(in_vm a ping -q -c 200 -i 0.002 10.77.0.1)" "a to host"
no_loss "$(ping -q -c 200 -i 0.002 "$b")" "host to b"
no_loss "$(in_vm a ping -q -s 1472 -M do -c 100 -i 0.002 "$b")" "a to b, full frames"

# A guest with one event channel for both directions, which is all that it offers.
vm c --single-channel
c=$(vm_up c) || exit 1
frontend=/local/domain/$(show_field c vif | sed 's/vif\(.*\)\.\(.*\)/\1\/device\/vif\/\2/')
keys=$("$CTL" store ls "$frontend")
echo "$keys" | grep -q '^event-channel ' || fail "c offers no channel: $keys"
echo "$keys" | grep -q 'event-channel-.x' && fail "c offers two channels: $keys"
no_loss "$(in_vm a ping -q -c 100 -i 0.002 "$c")" "a to c"
no_loss "$(in_vm c ping -q -c 100 -i 0.002 "$b")" "c to b"
[ "$(stat a from_guest_dropped)" = 0 ] || fail "frames of a were dropped: $("$CTL" stats)"
e2e_end
