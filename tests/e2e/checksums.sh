#!/bin/bash
# tcpdump in the guest: who does not take blank checksums sees none that is not
# right, of TCP and UDP by IPv4 and IPv6; who does sees right ones, too, where the
# sender has filled them in. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter tcpdump python3 ethtool
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a && vm b && vm plain --offload off
number=1
ip address add fd77::1/64 dev xentap0 nodad || fail "no IPv6 address"
for name in a b plain; do
	vm_up $name >"$WORK/$name.ip" || exit 1
	number=$((number + 1))
	in_vm $name ip address add fd77::$number/64 dev eth0 nodad || fail "no IPv6 address"
	echo fd77::$number >"$WORK/$name.ip6"
done
ethtool -K xentap0 tx off >/dev/null || fail "tx off"

# Sixteen datagrams, of odd and even sizes, with and without payload.
datagrams() {
	in_vm "$1" python3 -c '
import socket, sys
for address, family in zip(sys.argv[1:], (socket.AF_INET, socket.AF_INET6)):
    sender = socket.socket(family, socket.SOCK_DGRAM)
    for size in 0, 1, 2, 3, 99, 100, 1451, 1452:
        sender.sendto(bytes((size + i) * 7 & 255 for i in range(size)), (address, 9))' \
		"$(cat "$WORK/$2.ip")" "$(cat "$WORK/$2.ip6")"
}
has_captured() {
	[ "$(tcpdump -nn -r "$WORK/pcap" udp 2>/dev/null | wc -l)" -ge "$1" ]
}
# watch FROM TO: what comes to TO meanwhile, into $WORK/pcap.
watch() {
	capture "$2" -s 65535 -B 65536 -U -w "$WORK/pcap" 'tcp or udp port 9'
	stream "$1" "$2" "$(cat "$WORK/$2.ip")" 300000
	stream "$1" "$2" "$(cat "$WORK/$2.ip6")" 300000
	datagrams "$1" "$2" || fail "$1 to $2: datagrams"
	until_true 30 has_captured 16 || fail "$1 to $2: not all datagrams are seen"
	capture_end
	grep -q '^0 packets dropped by kernel' "$WORK/tcpdump" || fail "$(cat "$WORK/tcpdump")"
}
# count PATTERN FILTER...: frames of that kind of which tcpdump says so.
count() {
	local pattern=$1
	shift
	tcpdump -nn -vv -r "$WORK/pcap" "$@" 2>/dev/null | grep -cE "$pattern"
}
right='cksum 0x[0-9a-f]* \(correct\)|\[udp sum ok\]'
wrong='incorrect|bad (udp )?cksum'
# expect_right FROM TO WHAT
expect_right() {
	local ip
	watch "$1" "$2"
	for ip in ip ip6; do
		[ "$(count "$right" $ip and udp)" = 8 ] || fail "$3: UDP by $ip: $(count "$right" $ip and udp) right"
		[ "$(count "$right" $ip and tcp)" -ge 10 ] || fail "$3: TCP by $ip: none to be seen"
		[ "$(count "$wrong" $ip)" = 0 ] ||
			fail "$3: $(tcpdump -nn -vv -r "$WORK/pcap" $ip 2>/dev/null | grep -E "$wrong")"
	done
	echo "$3: $(count "$right") right, $(count "$wrong") not"
}

expect_right a plain "big frames, to a VM without offloads"
watch a b
for kind in udp tcp; do
	for ip in ip ip6; do
		[ "$(count "$wrong" $ip and $kind)" -ge 8 ] || fail "blank ones of $kind by $ip are not seen as such"
	done
done
"$CTL" ethtool -K b rx off || fail "rx off"
expect_right a b "big frames, to a VM of which rx-checksumming is off"
"$CTL" ethtool -K b rx on && "$CTL" ethtool -K b gro off || fail "gro off"
expect_right plain b "filled in by a VM, to one that takes blank ones"
expect_right host b "filled in by the host, to a VM that takes blank ones"
e2e_end
