#!/bin/bash
# ethtool -C on a living vif: what is set has an effect at once, is kept, and
# what makes no sense changes nothing.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter python3 xenstore-read
options="--engine ${ENGINE:-auto} --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24"
daemon $options
vm a && vm b
vm_up a >/dev/null && b=$(vm_up b) || exit 1

# ping_takes N: what the Nth fastest of nine pings takes, in us.
ping_takes() {
	in_vm a ping -c 9 -i 0.03 "$b" | sed -n 's,.*time=\([0-9.]*\) ms,\1,p' | sort -n |
		awk -v n="$1" 'NR == n { print int($1 * 1000) } END { if (NR < n) print 999999 }'
}
# pings_become N -lt|-ge US: VM a's, once it has heard of it and the machine lets it.
pings_become() {
	for i in $(seq 50); do
		now=$(ping_takes "$1")
		[ "$now" "$2" "$3" ] && return
	done
	fail "pings from a take $now us, not $2 $3"
}
is_shown() {
	"$CTL" ethtool -c b | grep -qx "$1"
}
shows() {
	is_shown "$1" || fail "not '$1': $("$CTL" ethtool -c b)"
}
# What the daemon learns from the store, it shows a moment later.
comes_to_show() {
	until_true 30 is_shown "$1" || shows "$1"
}
refuses() {
	local code=$1
	shift
	"$CTL" -q ethtool -C b "$@"
	[ $? = "$code" ] || fail "'$*' did not end with $code"
	shows "rx-usecs: $usecs"
}

usecs=0
in_vm a ping -q -c 1 "$b" >/dev/null # ARP
pings_become 1 -lt 3000
"$CTL" ethtool -C b rx-usecs 5000 | grep -q "adaptive-rx is off now" || fail "nothing is said"
usecs=5000
shows "Adaptive RX: off  TX: on"
shows "rx-frames: 0"
pings_become 5 -ge 3000
[ "$(stat b delayed)" -ge 5 ] || fail "no event was put off: $(stat b delayed)"

refuses 2 rx-usecs 7 bogus 1
refuses 2 rx-usecs 7 rx-frames 257
refuses 1 rx-usecs 7 stats-block-usecs 1
refuses 1 rx-usecs 0 rx-frames 0
refuses 2 rx-usecs
refuses 2 rx-usecs 7 guest-napi-weight 257
"$CTL" ethtool -C b guest-napi-weight 1 || fail "the guest's weight is not taken"
shows "guest-napi-weight: 1"
expect "pings, a frame a turn" "$(answered a "$b" 200 20)" 20
"$CTL" ethtool -C b guest-napi-weight 64 guest-spin-usecs 0 guest-napi-complete budget \
	guest-napi-defer-hard-irqs 2 guest-gro-flush-timeout 500 || fail "nor taken back"
shows "guest-napi-complete: budget"
expect "pings, with a guest that defers" "$(answered a "$b" 200 20)" 20
# By the textbook rule and without a timer, a burst that no answer follows: nothing of
# it waits in eth0 for something else to come.
"$CTL" ethtool -C b guest-gro-flush-timeout 0
in_vm b ip neigh replace 10.77.0.77 lladdr 00:16:3e:00:00:77 dev eth0
has_sent() {
	[ "$(stat b from_guest_frames)" -ge "$1" ]
}
for i in 1 2 3 4 5; do
	before=$(stat b from_guest_frames)
	in_vm b python3 -c '
import socket
to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(60):
    to.sendto(bytes(100), ("10.77.0.77", 9))'
	until_true 10 has_sent $((before + 60)) || fail "of a burst of 60 frames some stay behind"
done
"$CTL" ethtool -C b guest-spin-usecs 50 guest-napi-complete empty

export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
at=/local/domain/0/backend/vif/$(show_field b vif | tr -d vif | tr . /)/coalesce
[ "$(xenstore-read "$at/rx-usecs")" = 5000 ] || fail "the store does not have it"
xenstore-write "$at/rx-usecs" 3000
usecs=3000
comes_to_show "rx-usecs: 3000"
"$CTL" --json ethtool -c b | grep -q '"rx-usecs":3000,"rx-frames":0,' || fail "no JSON"

old=$(show_field b vif)
kill -9 "$(cat "$WORK/b.pid")" # the next domain of that name has it, too
vm b
is_new() {
	is_connected b && [ "$(show_field b vif)" != "$old" ]
}
until_true 30 is_new || fail "b does not come again: $(cat "$WORK/b.log")"
comes_to_show "rx-usecs: 3000"
"$CTL" ethtool -C b adaptive-rx on || fail "it is not turned on again"
pings_become 1 -lt 2000

# What the guest itself puts off: told of its frames late, and kept like the rest.
"$CTL" ethtool -C a tx-aggr-time-usecs 6000 || fail "tx-aggr is not taken"
"$CTL" ethtool -c a | grep -qx "tx-aggr-max-frames: 0" || fail "one frame would always come first"
pings_become 1 -ge 4000
at=/local/domain/0/backend/vif/$(show_field a vif | tr -d vif | tr . /)
at=$(xenstore-read "$at/frontend")/coalesce/tx-aggr-time-usecs
[ "$(xenstore-read "$at")" = 6000 ] || fail "the frontend's directory does not have it"

kill -9 "$(data_process)" "$DAEMON"
wait "$DAEMON" 2>/dev/null
daemon $options
until_true 30 is_connected a && until_true 30 is_connected b || fail "not both come back"
"$CTL" ethtool -c a | grep -qx "tx-aggr-time-usecs: 6000" || fail "forgotten by a killed daemon"
"$CTL" ethtool -c b | grep -qx "rx-frames: 1" || fail "b: $("$CTL" ethtool -c b)"
pings_become 1 -ge 4000
"$CTL" ethtool -C a tx-aggr-time-usecs 0 tx-aggr-max-frames 1 || fail "it is not turned off"
pings_become 1 -lt 4000
e2e_end
