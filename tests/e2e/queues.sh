#!/bin/bash
# Two queues a vif and two workers: ping, TCP in both directions, numbered frames
# of many flows in their order, a restart of the daemon, and every frame accounted
# for. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin iperf3 pgrep nsenter python3 ping
serve() {
	daemon --engine "${ENGINE:-auto}" --workers 2 --queues 2 \
		--bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
}
queues_of() { # which of a vif's keys there are in the store
	"$CTL" --json ring "$1" | sed -n 's/.*"queues":\([0-9]*\).*/\1/p'
}
all_answered() {
	"$CTL" ethtool -S "$1" | awk '{ n[$1] = $2 }
		END { exit !n["tx_requests:"] || n["tx_requests:"] != n["tx_responses:"] }'
}
serve
vm a --queues 2 && vm b --queues 4 && vm c
a=$(vm_up a) && b=$(vm_up b) && c=$(vm_up c) || exit 1
expect "a's queues" "$(queues_of a)" 2
expect "b's queues" "$(queues_of b)" 2 # the daemon's limit
expect "c's queues" "$(queues_of c)" 1

for pair in "a $b" "b $c" "c $a" "a 10.77.0.1" "host $b"; do
	expect "pings ${pair/ / to }" "$(answered $pair 200 20)" 20
done

# Sixteen connections each way: both queues are used, all frames are accounted for.
iperf_server b
in_vm a iperf3 -c "$b" --bidir -P 16 -t 1 -J >"$WORK/iperf.json" ||
	fail "iperf3: $(grep error "$WORK/iperf.json")"
stats_at_rest | add_up || fail "see above"
for vif in a b; do
	for queue in 0 1; do
		[ "$(stat $vif queue_${queue}_tx_requests)" -gt 100 ] || fail "$vif sends nothing on $queue"
		[ "$(stat $vif queue_${queue}_rx_responses)" -gt 100 ] || fail "$vif gets nothing on $queue"
	done
	until_true 20 all_answered $vif || fail "$vif's requests are not answered: $("$CTL" ethtool -S $vif)"
done

# Numbered frames of many flows, sent on and received from several queues.
"$BUILD/tests/e2e/flows" 2 2 200000 || fail "flows"

kill -9 "$(data_process)" && wait "$DAEMON"
serve
vm_up a >/dev/null && vm_up b >/dev/null || exit 1
expect "b's queues" "$(queues_of b)" 2
reaches a "$b" || fail "a does not reach b after a restart"
expect "pings a to b after a restart" "$(answered a "$b" 200 20)" 20
e2e_end
