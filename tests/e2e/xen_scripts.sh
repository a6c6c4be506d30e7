#!/bin/bash
# Xen's own hotplug scripts, as Debian's xen-utils-common installs them: a vif
# with a TAP of its own goes into a kernel bridge by vif-bridge, is routed by
# vif-route, and gets its address by vif-nat.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter xenstore-read xenstore-write ifconfig iperf3
scripts=${XEN_SCRIPTS:-/etc/xen/scripts}
[ -x "$scripts/vif-bridge" ] || skip "no Xen scripts (Debian: xen-utils-common)"
mount -t tmpfs none /var/log && mkdir /var/log/xen
mount -t tmpfs none /run/lock 2>/dev/null

ip link add kbr0 type bridge stp_state 0 forward_delay 0 2>/dev/null || skip "no kernel bridge"
ip addr add 10.88.0.1/24 dev kbr0 && ip link set kbr0 up
ip link add gate0 type dummy 2>/dev/null || ip link add gate0 type bridge || skip "no dummy device"
ip addr add 10.99.0.1/24 dev gate0 && ip link set gate0 up
cat >"$WORK/conf" <<END
[daemon]
scripts = $scripts
[bridge xenbr0]
uplink = none
[vif a.0]
type = own-tap
script = $scripts/vif-bridge
bridge = kbr0
ip = 10.88.0.2/24
[vif b.0]
type = own-tap
script = vif-bridge
bridge = kbr0
vifname = named0
ip = 10.88.0.3/24
[vif r.0]
type = own-tap
script = vif-route
gatewaydev = gate0
ip = 10.99.0.7
[vif n.0]
type = own-tap
script = vif-nat
ip = 10.0.3.1/16
END
"$SPLITVIFD" --check-config "$WORK/conf" >/dev/null || fail "the configuration"
daemon --config "$WORK/conf"
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock

# up NAME: waits until the vif is connected.
up() {
	until_true 60 is_connected "$1" ||
		fail "$1: $("$CTL" show) $(cat "$WORK/$1.log" /var/log/xen/xen-hotplug.log)"
}

vm a && up a
vm b && up b
[ -e /sys/class/net/kbr0/brif/vif1.0 ] || fail "vif1.0 is not in kbr0: $(ls /sys/class/net/kbr0/brif)"
[ -e /sys/class/net/kbr0/brif/named0 ] || fail "named0 is not in kbr0: $(ls /sys/class/net/kbr0/brif)"
[ "$(xenstore-read /local/domain/0/backend/vif/1/0/hotplug-status)" = connected ] || fail "hotplug-status"
reaches a 10.88.0.3 || fail "no ping from VM to VM over kbr0"
reaches a 10.88.0.1 || fail "no ping to kbr0's host"
iperf_server b
in_vm a iperf3 -c 10.88.0.3 -t 1 | sed -n 's/.* \([0-9.]* Gbits\/sec\).*receiver/over kbr0: \1/p' ||
	fail "iperf3 over kbr0"

# Detached: out of the bridge, and gone. Attached to a bridge that is not there: said so.
"$CTL" network-detach a 0 || fail "detach"
ip link show vif1.0 2>/dev/null && fail "vif1.0 is left"
"$CTL" network-attach a type=own-tap,script=vif-bridge,bridge=nobr0 2>"$WORK/err" && fail "nobr0 was taken"
grep -q 'Could not find bridge device nobr0' "$WORK/err" || fail "said: $(cat "$WORK/err")"

# Routed: the host answers for the rest of the subnet.
vm r && up r
ip route show | grep -q "10.99.0.7 dev vif3.0 .*src 10.99.0.1" || fail "route: $(ip route)"
reaches r 10.99.0.1 || fail "no ping over the route"
reaches host 10.99.0.7 || fail "no ping from the host over the route"

# vif-nat gives the host's end an address 127 above the guest's.
vm n && up n
ip addr show vif4.0 | grep -q 'inet 10.0.3.128' || fail "vif-nat: $(ip addr show vif4.0)"
reaches n 10.0.3.128 || fail "no ping to vif-nat's end"

kill -TERM "$DAEMON"
wait "$DAEMON" || fail "the daemon ended with $?"
ls /sys/class/net | grep -q '^vif\|named0' && fail "TAPs are left: $(ls /sys/class/net)"
exit 0
