#!/bin/bash
# Vifs that come and go under traffic: attached, seen and used in the guest as
# eth1, detached; the first one too; a daemon that is killed forgets none.
. "$(dirname "$0")/lib.sh"
e2e_begin iperf3 pgrep nsenter python3
options="--engine ${ENGINE:-auto} --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
	--bridge inner,uplink=none,ip=10.78.0.1/24"
daemon $options
vm a && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1

# in_guest NAME DEVICE: whether the guest has that interface, and an address on it.
in_guest() {
	in_vm "$1" ip -4 -o addr show dev "$2" 2>/dev/null | sed -n 's/.* inet \([0-9.]*\).*/\1/p'
}

has_inner() {
	[ -n "$(in_guest "$1" eth1)" ]
}
# traffic: over the first vifs.
traffic() {
	iperf_server b
	in_vm a iperf3 -c "$b" -t 4 -i 0.1 -J >"$WORK/run.json" &
	run=$!
}
traffic
# Each VM gets a second vif, on another bridge; in the middle of the other's traffic.
for vm in a b; do
	"$CTL" network-attach $vm bridge=inner >"$WORK/attached" || fail "attach to $vm"
	grep -q "^$vm.1 .* inner .*00:16:3e:" "$WORK/attached" || fail "said: $(cat "$WORK/attached")"
done
for vm in a b; do
	until_true 30 has_inner $vm || fail "no eth1: $(cat "$WORK/$vm.log")"
done
inner=$(in_guest b eth1)
[ "${inner#10.78.0.}" != "$inner" ] || fail "b's eth1 has '$inner'"
reaches a "$inner" -I eth1 || fail "no ping over eth1"
[ "$("$CTL" network-list a | wc -l)" = 3 ] || fail "network-list: $("$CTL" network-list a)"
"$CTL" network-list a | head -n 1 |
	grep -q '^Idx BE Mac Addr. *handle state evt-ch tx-/rx-ring-ref BE-path' || fail "columns"

# Six times more, while frames go over the first ones.
come_and_go() {
	local i
	for i in $(seq 6); do
		"$CTL" network-attach a mac=00:16:3e:77:00:01,bridge=inner,devid=5 >/dev/null ||
			fail "attach $i"
		until_true 30 in_vm a ip link show eth5 ||
			fail "no eth5, time $i: $(cat "$WORK/a.log")"
		"$CTL" network-detach a 00:16:3e:77:00:01 || fail "detach $i"
		until_true 30 not in_vm a ip link show eth5 || fail "eth5 stays"
	done
	"$CTL" show | grep -q 'a\.5' && fail "the store keeps a.5"
}
goes_on() {
	wait $run || fail "the connection over the first vifs died: $(grep error "$WORK/run.json")"
	python3 - "$WORK/run.json" <<'END'
import json, sys
intervals = [i["sum"] for i in json.load(open(sys.argv[1]))["intervals"]]
silent = longest = 0
for i in intervals:
    silent = silent + i["seconds"] if i["bytes"] == 0 else 0
    longest = max(longest, silent)
gbit = sum(i["bytes"] for i in intervals) * 8e-9 / sum(i["seconds"] for i in intervals)
print(f"{gbit:.1f} Gbit/s beside 8 attached and 6 detached vifs, longest silence {longest * 1000:.0f} ms")
sys.exit(longest > 1)
END
}
come_and_go
for i in 1 2 3; do # the machine, too, may stand still
	goes_on && break
	[ $i -lt 3 ] || fail "the connection stood still"
	traffic
	come_and_go
done

# The first vif, too: its frontend does not ask for it again; attached, it is back.
"$CTL" network-detach a 0 || fail "detach of the first"
sleep 0.5
"$CTL" network-list a | grep -q '^  0' && fail "a.0 came back by itself: $(cat "$WORK/a.log")"
in_vm a ping -q -c 1 -W 0.3 10.77.0.1 >/dev/null 2>&1 && fail "frames without a vif"
reaches a "$inner" -I eth1 || fail "eth1 went with it"
"$CTL" network-attach a "ip=$a,devid=0" >/dev/null || fail "attach of the first"
[ "$(vm_up a)" = "$a" ] || fail "a.0 is not back"
reaches a 10.77.0.1 || fail "no traffic after it is back"

# Killed: the next daemon has them all, and the guests' interfaces stay.
index=$(in_vm a ip -o link show eth1 | cut -d: -f1)
kill -9 "$(data_process)" "$DAEMON"
wait "$DAEMON" 2>/dev/null
daemon $options
vm_up a >/dev/null && vm_up b >/dev/null || exit 1
reaches a "$inner" -I eth1 || fail "eth1 is dead after the restart"
[ "$(in_vm a ip -o link show eth1 | cut -d: -f1)" = "$index" ] || fail "eth1 is another one"

# A frontend that does not let go is not waited for without end.
kill -STOP "$(cat "$WORK/b.pid")"
"$CTL" -t 0.5 network-detach b 1; [ $? = 5 ] || fail "b's frontend is stopped: a time-out was due"
kill -CONT "$(cat "$WORK/b.pid")"
until_true 30 sh -c "! '$CTL' network-list b | grep -q '^  1'" || fail "b.1 stays"

# A namespace that was there before is served likewise.
unshare --net sleep infinity &
box=$!
until_true 30 sh -c "[ \$(readlink /proc/self/ns/net) != \$(readlink /proc/$box/ns/net) ]"
"$FRONT" --name box --netns $box 2>"$WORK/box.log" &
front=$!
vm_up box >/dev/null || exit 1
# (another address than b had: neighbours believe the last one for a second)
"$CTL" network-attach box bridge=inner,ip=10.78.0.50 >/dev/null || fail "attach to box"
inner=$(in_guest a eth1)
box_has_inner() { [ -n "$(nsenter -t $box -n ip -4 -o addr show dev eth1)" ]; }
until_true 30 box_has_inner || fail "box has no eth1: $(cat "$WORK/box.log")"
nsenter -t $box -n ping -q -c 1 -i 0.05 -w 30 -I eth1 "$inner" >/dev/null || fail "box: $(cat "$WORK/box.log")"
"$CTL" network-detach box 1 || fail "detach from box"
until_true 30 sh -c "! nsenter -t $box -n ip link show eth1" || fail "box keeps eth1"
kill $front
wait $front || fail "box' frontend ended with $?"
kill $box

# Bad input: nothing of it happens.
"$CTL" network-attach a brigde=inner 2>"$WORK/err"; [ $? = 2 ] || fail "a bad vifspec is exit 2"
grep -q "did you mean 'bridge'" "$WORK/err" || fail "no hint: $(cat "$WORK/err")"
"$CTL" network-attach nobody bridge=inner 2>/dev/null; [ $? = 4 ] || fail "no such domain is exit 4"
"$CTL" network-attach a devid=1 2>/dev/null; [ $? = 1 ] || fail "a taken devid is exit 1"
"$CTL" network-attach a script=vif-bridge 2>"$WORK/err"; [ $? = 1 ] || fail "scripts are not allowed"
"$CTL" network-detach a 7 2>/dev/null; [ $? = 4 ] || fail "no such vif is exit 4"
[ "$("$CTL" network-list a | wc -l)" = 3 ] || fail "something came of it"
e2e_end
