#!/bin/bash
# kill -9 of the backend, three times, under TCP from VM to VM and from VM to
# host, whose payload is checked: the connections live and finish; the uplink keeps
# its addresses. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter
options="--engine ${ENGINE:-auto} --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24"
daemon $options
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1
ip addr add 10.77.0.200/24 dev xentap0 # by hand: a restart must not lose it
link=$(cat /sys/class/net/xentap0/address)

stream_start a b "$b" 1 200000000 2000
stream_start a host 10.77.0.200 2 200000000 2000
for i in 1 2 3; do
	sleep 0.5 # so that much is on its way
	kill -9 "$(data_process)" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	daemon $options
	vm_up a >/dev/null && vm_up b >/dev/null || exit 1
	[ "$(address a)" = "$a" ] && [ "$(address b)" = "$b" ] || fail "another address after restart $i"
done
[ "$(sender | wc -l)" = 2 ] || fail "a stream ended before all was done"
hurry
streams_end || fail "a connection died: $(cat "$WORK"/a.sent "$WORK"/*.received)"
cat "$WORK"/*.received
ip -4 addr show dev xentap0 | grep -q 10.77.0.200 || fail "the uplink lost an address"
[ "$(cat /sys/class/net/xentap0/address)" = "$link" ] || fail "the uplink is another device"
grep -ho 'reconnected after [0-9.]* ms' "$WORK/a.log" "$WORK/b.log"
[ "$(grep -c 'reconnected after' "$WORK/a.log")" = 3 ] || fail "a: $(cat "$WORK/a.log")"
e2e_end
