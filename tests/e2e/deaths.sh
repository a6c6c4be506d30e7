#!/bin/bash
# kill -9 of a frontend frees everything of it at once, and a new one of the
# same name takes its place; a hidden run directory stays hidden in a VM.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter
daemon --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1
reaches b "$a" || fail "ping before"
has_no_vif() {
	[ -z "$(show_field "$1" state)" ]
}
vif=$(show_field a vif)
for i in 1 2 3 4 5; do
	in_vm a ping -q -f -c 3000 "$b" >/dev/null 2>&1 &
	sleep 0.2
	kill -9 "$(cat "$WORK/a.pid")"
	until_true 30 has_no_vif a || fail "a is still there"
	"$CTL" fdb show | grep -qF " a.0 " && fail "its addresses are still in the FDB"
	vm a
	again=$(vm_up a)
	[ "$again" = "$a" ] || fail "a has another address: $again instead of $a"
	reaches b "$a" || fail "round $i: no answer"
done
[ "$(show_field a vif)" != "$vif" ] || fail "the domid of $vif was used again"

# Four sockets' worth of hiding: from inside, also after trying to take the
# cover off.
"$FRONT" run --name probe -- sh -c "
	umount '$SPLITVIF_RUNDIR' 2>/dev/null
	for s in domain.sock store.sock ctl.sock; do
		[ -e '$SPLITVIF_RUNDIR'/\$s ] && exit 1
		[ -e /proc/1/root'$SPLITVIF_RUNDIR'/\$s ] && exit 2
	done
	ls '$SPLITVIF_RUNDIR' | grep -q . && exit 3
	exit 0" 2>/dev/null || fail "a guest sees the run directory: $?"
e2e_end
