#!/bin/bash
# MTUs of 1500, 9000 and the most that there is, each on a bridge of its own with
# its TAP, a VM with and one without offloads: frames of just that size pass.
# Then those that do not go together: told when a VM comes, in `show`, and once
# when the first frame cannot go; what can go still does. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin ping pgrep nsenter python3
mtus="1500 9000 65521"
net=0
for mtu in $mtus; do
	net=$((net + 1))
	bridges="${bridges-} --bridge br$mtu,mtu=$mtu,uplink=tap:tap$mtu,ip=10.77.$net.1/24"
done
# shellcheck disable=SC2086
daemon --engine "${ENGINE:-auto}" $bridges
for mtu in $mtus; do
	vm a$mtu --bridge br$mtu && vm b$mtu --bridge br$mtu --offload off
done
vm small --bridge br9000 --mtu 1500
for name in $(for mtu in $mtus; do echo a$mtu b$mtu; done) small; do
	vm_up $name >"$WORK/$name.ip" || exit 1
done
ip_of() { cat "$WORK/$1.ip"; }

# send FROM TO: some TCP.
send() {
	stream "$1" "$2" "$(ip_of "$2")" 30000000
}

for mtu in $mtus; do
	host=$(ip -4 -o address show dev tap$mtu | sed 's/.* inet \([^/]*\).*/\1/')
	for size in 128 $((mtu - 1)) "$mtu"; do
		passes a"$mtu" "$(ip_of b"$mtu")" "$size"
		passes b"$mtu" "$(ip_of a"$mtu")" "$size"
		passes a"$mtu" "$host" "$size"
		passes host "$(ip_of b"$mtu")" "$size"
	done
	send a$mtu b$mtu
	send b$mtu a$mtu
done
expect "dropped so far" "$("$CTL" --json stats | grep -o '"to_too_big":[1-9][0-9]*')" ""

# Where they differ it is said, and only there.
told="port small.0: MTUs differ: guest 1500, vif 1500, bridge 9000"
expect "told at attach" "$(grep -c "$told" "$WORK/daemon.log")" 1
expect "told of others" "$(grep "MTUs differ" "$WORK/daemon.log" | grep -vc "$told")" 0
"$CTL" show | grep '^ *small\.0 ' | grep -q '1500 (guest 1500, bridge 9000)' || fail "$("$CTL" show)"
"$CTL" --json show | python3 -c '
import json, sys
rows = [row for table in json.load(sys.stdin).values() for row in table if "guest_mtu" in row]
wrong = [row["name"] for row in rows if row["mtu_differs"] != (row["name"] == "small.0")]
assert len(rows) == 7 and not wrong, f"{len(rows)} vifs, wrong: {wrong}"' || fail "$("$CTL" --json show)"

# warnings PORT: how often the log says that a frame was too big for it.
warnings() {
	grep -c "port $1: MTU .* is dropped" "$WORK/daemon.log"
}
drops() {
	"$CTL" --json stats | tr '{' '\n' | grep -A 1 "\"name\":\"$1\"" |
		sed -n 's/.*"to_too_big":\([0-9]*\).*/\1/p'
}
is_warned_of() {
	[ "$(warnings "$1")" -gt 0 ]
}
have_dropped() {
	[ "$(drops "$1")" -ge "$2" ]
}
# unanswered FROM TARGET SIZE COUNT: so many, and no more; how many are answered soon.
unanswered() {
	in_vm "$1" ping -q -M do -s $(($3 - 28)) -i 0.01 -c "$4" -W 0.2 "$2" 2>&1 |
		sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
# refused FROM MTU TARGET PORT MTU NEEDS: frames too big for that port are counted,
# each, and told once, with the MTUs of both and of the frame.
refused() {
	local from=$1 mtu=$2 target=$3 port=$4 ports_mtu=$5 needs=$6 before
	passes "$from" "$target" 100
	before=$(drops "$port")
	expect "answers from $port" "$(unanswered "$from" "$target" "$needs" 7)" 0
	until_true 30 have_dropped "$port" $((before + 7))
	expect "too big for $port" $(($(drops "$port") - before)) 7
	until_true 30 is_warned_of "$port"
	unanswered "$from" "$target" "$needs" 3 >/dev/null
	until_true 30 have_dropped "$port" $((before + 10))
	expect "warnings for $port" "$(warnings "$port")" 1
	grep -q "port $port: MTU $ports_mtu: a frame that needs $needs, from a port of MTU $mtu, is dropped" \
		"$WORK/daemon.log" || fail "$(grep "port $port: MTU" "$WORK/daemon.log")"
}
refused a9000 9000 "$(ip_of small)" small.0 1500 9000
passes a9000 "$(ip_of small)" 1500
passes small "$(ip_of a9000)" 1500
send a9000 small
send small a9000
send b9000 small
# A guest that raises its own MTU tells nobody, and its frames go no further.
in_vm a1500 ip link set eth0 mtu 4000 || fail "a1500's MTU"
refused a1500 1500 "$(ip_of b1500)" b1500.0 1500 4000
refused a1500 1500 10.77.1.1 tap1500 1500 4000
send a1500 b1500
send b1500 a1500
expect "violations" "$(grep -h 'broke the protocol' "$WORK"/*.log)" ""
e2e_end
