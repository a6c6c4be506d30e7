#!/bin/bash
# Big frames: offered, taken, switched off at either end, and of a larger MTU;
# every stream arrives as it was sent.
. "$(dirname "$0")/lib.sh"
e2e_begin ethtool ping pgrep nsenter xenstore-read
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,mtu=9000,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b && vm plain --offload off
for name in a b plain; do vm_up $name >/dev/null || exit 1; done
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
number=0
for name in a b plain; do
	number=$((number + 1))
	in_vm $name ip address add fd77::$number/64 dev eth0 nodad || fail "no IPv6 address"
done

# told NAME KEY: what that VM's frontend says in the store.
told() {
	xenstore-read "/local/domain/$(show_field "$1" vif | tr -dc '0-9.' | cut -d. -f1)/device/vif/0/$2"
}
# feature NAME WORD: on or off, as the VM's own kernel sees it.
feature() {
	in_vm "$1" ethtool -k eth0 | sed -n "s/^$2: \([a-z]*\).*/\1/p"
}

# send FROM TO [6]: a stream of 40 MB, by IPv4 if not by IPv6.
send() {
	local to
	to=$([ "${3-}" = 6 ] && in_vm "$2" ip -6 -o address show dev eth0 scope global |
		sed 's/.* inet6 \([^/]*\).*/\1/')
	stream "$1" "$2" "${to:-$(address "$2")}" 40000000
}
# grew NAME COUNTER COMMAND...: by how much the counter did meanwhile.
grew() {
	local name=$1 counter=$2 before
	before=$(stat "$name" "$counter")
	shift 2
	"$@" >&2 || exit 1
	echo $(($(stat "$name" "$counter") - before))
}

for key in feature-sg:1:1 feature-gso-tcpv4:1:0 feature-gso-tcpv6:1:0 \
	feature-ipv6-csum-offload:1:0 feature-no-csum-offload:0:1; do
	IFS=: read -r key with without <<<"$key"
	expect "a says of $key" "$(told a "$key")" "$with"
	expect "plain says of $key" "$(told plain "$key")" "$without"
done
expect "a's own TSO" "$(feature a tcp-segmentation-offload)" on
expect "a's own checksums" "$(feature a tx-checksumming)" on
expect "plain's own TSO" "$(feature plain tcp-segmentation-offload)" off
expect "plain's own checksums" "$(feature plain tx-checksumming)" off

for ip in 4 6; do
	n=$(grew a from_guest_frames send a b $ip) || exit 1
	[ "$n" -lt 4000 ] || fail "a to b by IPv$ip: $n frames"
	n=$(grew plain gso_cut send a plain $ip) || exit 1
	[ "$n" -gt 0 ] || fail "a to plain by IPv$ip: nothing was cut"
	n=$(grew b gro_merged send plain b $ip) || exit 1
	[ "$n" -gt 0 ] || fail "plain to b by IPv$ip: nothing was merged"
done
expect "big frames to plain" "$(stat plain gso_passed)" 0

passes a "$(address b)" 9000
in_vm a ping -q -M do -s 8973 -c 1 -W 1 "$(address b)" >/dev/null && fail "a frame beyond the MTU"

# Switched off at the backend: the VM's kernel hears of it by a new connection.
has_feature() {
	[ "$(feature a "$1")" = "$2" ]
}
switched() {
	until_true 30 has_feature "$1" "$2" || fail "a's $1 is not $2"
	vm_up a >/dev/null
}
# Of sg the kernel says nothing, its connection does.
connections() {
	grep -c 'port a.0 up' "$WORK/daemon.log"
}
connected_again() {
	[ "$(connections)" -gt "$1" ]
}
"$CTL" ethtool -K a tso off || fail "tso off"
switched tcp-segmentation-offload off
n=$(grew a from_guest_frames send a b) || exit 1
[ "$n" -ge 4400 ] || fail "without TSO: $n frames"
"$CTL" ethtool -K a tx off || fail "tx off"
switched tx-checksumming off
send a b 6
before=$(connections)
"$CTL" ethtool -K a sg off || fail "sg off"
until_true 30 connected_again "$before" || fail "a does not connect again without sg"
vm_up a >/dev/null
passes a "$(address b)" 4028
for word in sg tx tso; do
	"$CTL" ethtool -K a $word on || fail "$word on"
done
switched tcp-segmentation-offload on
send a b 6
for name in a b plain; do
	errors=$(in_vm $name nstat -az TcpInCsumErrors UdpInCsumErrors | awk '{ n += $2 } END { print n + 0 }')
	expect "$name's checksum errors" "$errors" 0
done
expect "violations" "$(grep -h 'broke the protocol' "$WORK"/*.log)" ""
e2e_end
