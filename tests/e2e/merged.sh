#!/bin/bash
# Big frames at one end only, MTU 1500. A sender without GSO: the receiver gets
# its segments merged, in ten times fewer frames than with GRO off. A receiver
# without GSO: the sender's big frames come to it cut, none beyond the MTU.
# By IPv4 and IPv6; the payload is always right. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter tcpdump
bytes=100000000
daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm big && vm plain --offload off
for name in big plain; do vm_up $name >/dev/null || exit 1; done
in_vm big ip address add fd77::1/64 dev eth0 nodad || fail "no IPv6 address"
in_vm plain ip address add fd77::2/64 dev eth0 nodad || fail "no IPv6 address"

# frames FROM TO ADDRESS: how many TO gets of the stream.
frames() {
	local before
	before=$(stat "$2" to_guest_frames)
	stream "$1" "$2" "$3" "$bytes"
	echo $(($(stat "$2" to_guest_frames) - before))
}
# beyond_mtu SECONDS VM COMMAND...: whether the VM sees a TCP frame of more than 1500
# bytes in IP meanwhile, or so long after; $said is what the command says.
beyond_mtu() {
	local seconds=$1 vm=$2
	shift 2
	capture "$vm" -c 1 'tcp and greater 1515' >"$WORK/seen"
	said=$("$@") || exit 1
	until_true "$seconds" is_gone "$CAPTURE"
	capture_end
	grep -q length "$WORK/seen"
}

for ip in 4 6; do
	case $ip in
	4) to_big=$(address big) to_plain=$(address plain) ;;
	6) to_big=fd77::1 to_plain=fd77::2 ;;
	esac
	"$CTL" ethtool -K big gro off || fail "gro off"
	apart=$(frames plain big $to_big) || exit 1
	"$CTL" ethtool -K big gro on || fail "gro on"
	beyond_mtu 30 big frames plain big $to_big || fail "IPv$ip: big gets no big frames"
	merged=$said
	[ "$apart" -ge $((bytes / 1460)) ] || fail "IPv$ip: $bytes bytes in only $apart frames"
	[ "$apart" -ge $((10 * merged)) ] || fail "IPv$ip: $merged frames merged, $apart not"
	cuts=$(stat plain gso_segments)
	beyond_mtu 0 plain frames big plain $to_plain && fail "IPv$ip: beyond the MTU: $(cat "$WORK/seen")"
	cuts=$(($(stat plain gso_segments) - cuts))
	[ "$cuts" -ge $((bytes / 1460 * 9 / 10)) ] || fail "IPv$ip: only $cuts segments were cut"
	echo "IPv$ip, plain to big: $apart frames without GRO, $merged with;" \
		"big to plain: $said frames, $cuts of them cut from big ones"
done
[ "$(stat plain gso_passed)" = 0 ] || fail "a big frame went to plain"
for name in big plain; do
	errors=$(in_vm $name nstat -az TcpInCsumErrors | awk '{ n += $2 } END { print n + 0 }')
	[ "$errors" = 0 ] || fail "$name: $errors checksum errors"
done
e2e_end
