#!/bin/bash
# Suspend, resume, migrate. Two daemons, whose uplinks are in one kernel bridge of
# the test's namespace; VM a moves to the other one and back with two vifs and what
# was set of them, while a TCP stream, whose payload is checked, runs from it to VM
# b. What cannot be is refused in one line, and a goes on where it was.
. "$(dirname "$0")/lib.sh"
e2e_begin ip ping pgrep nsenter tcpdump xenstore-write

first_daemon() {
	daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:tap0
	ip link set tap0 master br0
}

# other: as daemon, beside it.
other() {
	local DAEMON
	SPLITVIF_RUNDIR=$WORK/other daemon --engine "${ENGINE:-auto}" --bridge lab0,uplink=tap:tap1
	echo "$DAEMON" >"$WORK/other.pid"
	ip link set tap1 master br0
}

# refused STATUS PATTERN WORD...: splitvif with these words says no in one line.
refused() {
	local status=$1 pattern=$2 got
	shift 2
	"$CTL" "$@" >"$WORK/refused" 2>&1
	got=$?
	expect "$*: status, having said '$(cat "$WORK/refused")'" $got "$status"
	expect "$*: lines" "$(wc -l <"$WORK/refused")" 1
	grep -q "$pattern" "$WORK/refused" || fail "$*: '$(cat "$WORK/refused")', no '$pattern'"
}

state() {
	"$CTL" --json list "$1" 2>/dev/null | sed -n 's/.*"state":"\([a-z]*\)".*/\1/p'
}

domid() {
	"$CTL" --json list "$1" | sed -n 's/.*"domid":\([0-9]*\).*/\1/p'
}

# A frame on its way meanwhile may be lost: until one is answered.
reachable() {
	ping -q -c 1 -i 0.1 -w 20 10.9.0.2 >/dev/null || fail "a is not reached $1"
}

ip link add br0 type bridge
ip addr add 10.9.0.1/24 dev br0
ip link set br0 up
first_daemon
vm a --ip 10.9.0.2/24
vm b --ip 10.9.0.3/24
vm_up a >/dev/null && vm_up b >/dev/null || exit 1
mac=$(show_field a mac) id=$(domid a)
reachable "at first"

# Nowhere to go.
mkdir "$WORK/nobody"
refused 4 'no such domain' domain-suspend nobody
refused 2 'wrong arguments' domain-migrate a
refused 3 'no run directory' domain-migrate a "$WORK/missing"
refused 3 'no daemon at' domain-migrate a "$WORK/nobody"
refused 2 'at .* already' domain-migrate a "$SPLITVIF_RUNDIR"
refused 1 'not suspended' domain-resume a

# What the operator of the other daemon attached and set stands when a stays away.
mkdir "$WORK/other"
printf '[vif a.0]\nmac=00:16:3e:00:00:0a\n[vif a.1]\nmtu=1300\n' >"$WORK/other/vifs.conf"
printf 'a.2 rx-usecs 77\n' >"$WORK/other/tuning.conf"
other
refused 1 'another MAC there' domain-migrate a "$WORK/other" bridge=lab0
expect "what was attached there" "$(grep -c '^\[vif a\|0a$\|=1300$' "$WORK/other/vifs.conf")" 4
expect "what was set there" "$(cat "$WORK/other/tuning.conf")" "a.2 rx-usecs 77"
"$CTL" --rundir "$WORK/other" network-detach a 0 || fail "network-detach of an absent VM's vif"
"$CTL" --rundir "$WORK/other" network-detach a 1 || fail "network-detach of an absent VM's vif"
refused 1 'no such bridge' domain-migrate a "$WORK/other"
expect "what was set there" "$(cat "$WORK/other/tuning.conf")" "a.2 rx-usecs 77"
refused 2 'not bridge=' domain-migrate a "$WORK/other" lab0
SPLITVIF_RUNDIR=$WORK/other "$FRONT" sink --name b --bridge lab0 >/dev/null 2>&1 &
namesake=$!
until "$CTL" --rundir "$WORK/other" list b >/dev/null 2>&1; do sleep 0.02; done
refused 1 'of that name is there' domain-migrate b "$WORK/other" bridge=lab0
kill $namesake
wait $namesake 2>/dev/null
"$CTL" network-attach a bridge=xenbr0,rate=10Mb/s@20ms >/dev/null || fail "no second vif"
"$CTL" domain-suspend a || fail "domain-suspend with two vifs"
expect "vifs of a that are up" "$("$CTL" network-list a | awk '$5 == 4' | wc -l)" 0
"$CTL" domain-resume a || fail "domain-resume with two vifs"
reachable "after all that"
expect "domid of a" "$(domid a)" "$id"

# A daemon that does not answer.
backend=$(pgrep -P "$(cat "$WORK/other.pid")")
kill -STOP "$backend"
refused 5 'does not answer' --timeout 0.5 domain-migrate a "$WORK/other" bridge=lab0
kill -CONT "$backend"

# What is set of its vifs: by command, and in the store of a running one.
settings() { # at that daemon
	local at="$CTL --rundir $WORK/$1" n vifs=/local/domain/0/backend/vif
	n=$(SPLITVIF_RUNDIR=$WORK/$1 domid a)
	for i in 0 1; do
		$at ethtool -c a.$i && $at ethtool -k a.$i && $at store read "$vifs/$n/$i/rate" &&
			$at store read "$vifs/$n/$i/mac" || fail "a.$i at $1: $($at show)"
	done
}
kept() { # of a, at that daemon
	cat "$WORK/$1"/{vifs,tuning}.conf 2>/dev/null | grep -c '\<a\.[01]\>'
}
"$CTL" ethtool -C a.0 rx-usecs 50 rx-frames 8 || fail "ethtool -C"
"$CTL" ethtool -C a.1 tx-aggr-time-usecs 20 napi-weight 16 || fail "ethtool -C"
"$CTL" ethtool -K a.0 gso off || fail "ethtool -K"
"$CTL" ethtool -K a.1 tso off gro off || fail "ethtool -K"
"$CTL" store write "/local/domain/0/backend/vif/$(domid a)/0/rate" 500000000,5000000
settings run >"$WORK/settings"
grep -q '^250000,20000$\|^25000,20000$' "$WORK/settings" || fail "rate: $(cat "$WORK/settings")"

ordered() {
	[ -n "$("$CTL" store read "/local/domain/$(domid a)/control/migrate-to")" ]
}

# There and back, under a stream.
stream_start a b 10.9.0.3 7 30000000 3000
until [ -n "$(sender)" ]; do sleep 0.02; done
"$CTL" domain-suspend a || fail "domain-suspend"
expect "state" "$(state a)" suspended
"$CTL" show | grep '^a\.0 ' | grep -q 'suspended' || fail "show: $("$CTL" show)"
refused 1 'is suspended' domain-suspend a
refused 1 'is suspended' domain-migrate a "$WORK/other"
ping -q -c 1 -W 0.1 10.9.0.2 >/dev/null && fail "a is reached while it is suspended"
"$CTL" domain-resume a || fail "domain-resume"
reachable "after resume"
for where in other run; do
	capture b -c 1 'arp[14:4] = arp[24:4] and arp src host 10.9.0.2' >"$WORK/arp" 2>/dev/null
	if [ $where = other ]; then # while it is on its way nobody else sends it anywhere
		kill -STOP "$(cat "$WORK/a.pid")"
		"$CTL" --timeout 30 domain-migrate a "$WORK/other" bridge=lab0 &
		going=$!
		until_true 20 ordered || fail "nobody sends a off"
		refused 1 "on its way to $WORK/other" domain-migrate a "$WORK/other" bridge=lab0
		refused 1 "on its way to $WORK/other" domain-suspend a
		kill -CONT "$(cat "$WORK/a.pid")"
		wait $going || fail "there"
	else
		"$CTL" --rundir "$WORK/other" domain-migrate a "$SPLITVIF_RUNDIR" bridge=xenbr0 ||
			fail "back"
	fi
	reachable "at $where"
	settings $where >"$WORK/settings.$where"
	cmp -s "$WORK/settings" "$WORK/settings.$where" ||
		fail "settings at $where: $(diff "$WORK/settings" "$WORK/settings.$where")"
	expect "what $where keeps" "$(kept $where | sed 's/[1-9].*/some/')" some
	[ $where = other ] && expect "what is left here" "$(kept run)" 0
	until [ "$("$CTL" --rundir "$WORK/$where" network-list a | awk '$5 == 4' | wc -l)" = 2 ]; do
		sleep 0.02
	done
	expect "MAC at $where" "$(SPLITVIF_RUNDIR=$WORK/$where show_field a mac)" "$mac"
	timeout 10 tail --pid "$CAPTURE" -f /dev/null || fail "no gratuitous ARP at $where"
	grep -q 'ARP' "$WORK/arp" || fail "no gratuitous ARP at $where: $(cat "$WORK/arp")"
done
[ -n "$(sender)" ] || fail "the stream ended before all was done"
hurry
streams_end || fail "the stream: $(cat "$WORK/a.sent" "$WORK/b.received")"
cat "$WORK/b.received"
grep -h 'migrated\|resumed' "$WORK/a.log"

# Words of xl's that are not for it are left alone.
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
xenstore-write "/local/domain/$(domid a)/control/shutdown" poweroff
reachable "after poweroff"

# A daemon that is started anew finds it suspended still.
"$CTL" domain-suspend a || fail "domain-suspend"
kill -9 "$(data_process)" "$DAEMON"
wait "$DAEMON" 2>/dev/null
first_daemon
until [ "$(state a)" = suspended ]; do sleep 0.02; done
ping -q -c 1 -W 0.1 10.9.0.2 >/dev/null && fail "a is reached while it is suspended"
"$CTL" domain-resume a || fail "domain-resume at the next daemon"
reachable "after the next daemon"
kill "$(cat "$WORK/other.pid")"
e2e_end
