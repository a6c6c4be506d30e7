#!/bin/bash
# A way out without root or a TAP: the bridge's uplink is a socket that passt serves.
#
#	world 192.0.2.2 ── veth ── 192.0.2.1 the test's namespace: passt, splitvifd ── VM a
#
# The VM pings the world, sends it a checked TCP stream, and gets one on a port that
# passt publishes. passt goes, and the next one is taken up.
. "$(dirname "$0")/lib.sh"
e2e_begin ip ping pgrep nsenter passt

in_world() {
	nsenter -t "$WORLD" -n "$@"
}

serve() {
	passt --socket "$WORK/passt.sock" --foreground --stderr --runas 0:0 -t 7001 -u none \
		--address 192.0.2.15 --netmask 24 --gateway 192.0.2.1 2>>"$WORK/passt.log" &
	PASST=$!
	until [ -S "$WORK/passt.sock" ]; do
		[ -d "/proc/$PASST" ] || fail "passt: $(cat "$WORK/passt.log")"
		sleep 0.02
	done
}

# until_away true|false: whether the bridge's uplink is lacking.
until_away() {
	until_true 30 eval '"$CTL" --json show | grep -q "\"uplink_away\":'$1'"' ||
		fail "the uplink: $("$CTL" --json show)"
}

unshare --net sleep infinity &
WORLD=$!
until [ "$(readlink "/proc/$WORLD/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
	sleep 0.02
done
ip link add up0 type veth peer name eth0 netns "$WORLD"
ip addr add 192.0.2.1/24 dev up0
ip link set up0 up
in_world ip addr add 192.0.2.2/24 dev eth0
in_world ip link set eth0 up
in_world ip link set lo up
ip route add default via 192.0.2.2
echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range

# It may come later than the daemon.
daemon --engine "${ENGINE:-auto}" \
	--bridge "xenbr0,uplink=stream:$WORK/passt.sock,ip=10.0.2.2/24,mtu=${MTU:-1500}"
grep -q "uplink of xenbr0 is away: cannot connect to .*passt.sock" "$WORK/daemon.log" ||
	fail "nothing is said of the missing passt"
serve
until_away false
vm a --ip 10.0.2.15/24 --gateway 10.0.2.2
vm_up a >/dev/null || exit 1
reaches a 192.0.2.2 || fail "no ping: $(cat "$WORK/passt.log")"

in_world "$STREAM" receive 192.0.2.2 7001 3 30000000 >"$WORK/out" 2>&1 &
receiver=$!
until_true 30 in_world grep -qs ':1B59 .* 0A ' /proc/net/tcp || fail "nobody listens in the world"
in_vm a "$STREAM" send 192.0.2.2 7001 3 30000000 >/dev/null || fail "TCP out: $(cat "$WORK/out")"
wait $receiver || fail "TCP out: $(cat "$WORK/out")"

in_vm a "$STREAM" receive 0.0.0.0 7001 4 30000000 >"$WORK/in" 2>&1 &
receiver=$!
until_true 30 is_listening a 7001 || fail "nobody listens in a"
in_world "$STREAM" send 192.0.2.1 7001 4 30000000 >/dev/null || fail "TCP in: $(cat "$WORK/in")"
wait $receiver || fail "TCP in: $(cat "$WORK/in")"
echo "out: $(cat "$WORK/out")"
echo "in:  $(cat "$WORK/in")"

# The next passt. A dying one may still be connected to for a moment.
kill "$PASST"
wait "$PASST" 2>/dev/null
rm -f "$WORK/passt.sock"
until_away true
serve
until_away false
reaches a 192.0.2.2 || fail "no ping by the second passt"

kill "$PASST"
e2e_end
