#!/bin/bash
# VM to VM and VM to host: no ping is lost. ENGINE: uring or epoll.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1

# no_loss FROM TO COUNT SIZE [OPTION...]: one at a time as fast as they are answered, if
# not told otherwise.
no_loss() {
	local from=$1 to=$2 count=$3 size=$4
	shift 4
	expect "$from to $to, $size bytes: answers" "$(answered "$from" "$to" "$size" "$count" "${@:--A}")" "$count"
}
no_loss a "$b" 1000 84
no_loss b "$a" 200 84
no_loss a 10.77.0.1 200 84
no_loss host "$b" 200 84
no_loss a "$b" 100 1500
for pair in "a $b" "b $a" "a 10.77.0.1" "host $b"; do
	no_loss $pair 50 84 -i 0.01 # each of which finds all asleep
done

# A guest with one event channel for both directions, which is all that it offers.
vm c --single-channel
c=$(vm_up c) || exit 1
frontend=/local/domain/$(show_field c vif | sed 's/vif\(.*\)\.\(.*\)/\1\/device\/vif\/\2/')
keys=$("$CTL" store ls "$frontend")
echo "$keys" | grep -q '^event-channel ' || fail "c offers no channel: $keys"
echo "$keys" | grep -q 'event-channel-.x' && fail "c offers two channels: $keys"
no_loss a "$c" 100 84
no_loss c "$b" 100 84
no_loss c "$b" 50 84 -i 0.01
[ "$(stat a from_guest_dropped)" = 0 ] || fail "frames of a were dropped: $("$CTL" stats)"
e2e_end
