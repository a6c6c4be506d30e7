#!/bin/bash
# The configuration file: what it attaches when a domain comes, and SIGHUP under
# traffic: changed vifs are replaced, unchanged ones do not notice, a file with errors
# changes nothing, and a bridge that cannot be has nobody wait.
. "$(dirname "$0")/lib.sh"
e2e_begin iperf3 pgrep nsenter python3
conf=$WORK/conf

# config [LINE...]: the file, with these lines at its end.
config() {
	cat >"$conf" <<END
[daemon]
engine = ${ENGINE:-auto}
[bridge xenbr0]
uplink = tap:xentap0
ip = 10.77.0.1/24
[bridge inner]
uplink = none
macs = 1
ip = 10.78.0.1/24
[vif a.0]
mac = 00:16:3e:00:00:0a
ip = 10.77.0.10
[vif b.0]
ip = 10.77.0.11
END
	for line; do echo "$line"; done >>"$conf"
}

# Bad ones: told with their line, exit 2, nothing started.
config "[vif c.0]" "brigde = inner"
"$SPLITVIFD" --check-config "$conf" >/dev/null 2>"$WORK/err"; [ $? = 2 ] || fail "not exit 2"
grep -qx "$conf:16: error: unknown key 'brigde'; did you mean 'bridge'?" "$WORK/err" || fail "$(cat "$WORK/err")"
timeout 5 "$SPLITVIFD" --config "$conf" 2>/dev/null; [ $? = 2 ] || fail "started with a bad file"
timeout 5 "$SPLITVIFD" --config "$WORK/nosuch" 2>/dev/null; [ $? = 2 ] || fail "started without its file"
ip link show xentap0 >/dev/null 2>&1 && fail "a TAP was made"
config
"$SPLITVIFD" --check-config "$conf" | grep -q 'no errors' || fail "a good file"

config "[vif a.1]" "bridge = inner" "mac = 00:16:3e:00:00:a1" "[vif a.2]" "bridge = inner"
SPLITVIF_CONFIG=$conf daemon
vm a && vm b
[ "$(vm_up a)" = 10.77.0.10 ] || fail "a has $(vm_up a)"
[ "$(vm_up b)" = 10.77.0.11 ] || fail "b has $(vm_up b)"
[ "$(show_field a mac)" = 00:16:3e:00:00:0a ] || fail "a's MAC"

# wait_for NAME COLUMNS-PATTERN: until a line of network-list looks so.
wait_for() {
	for i in $(seq 200); do "$CTL" network-list "$1" | grep -q "$2" && return; sleep 0.02; done
	fail "no '$2': $("$CTL" network-list "$1")"
}
wait_for a '^  1 .*00:16:3e:00:00:a1 *1 *4'
wait_for a '^  2 .* 2 *4'

# One address a port: another one of the same port is refused, and shown as such.
in_vm a ip link set eth1 address 02:00:00:00:00:01
refused() {
	in_vm a ping -q -c 1 -W 0.1 -I eth1 10.78.0.99 >/dev/null
	"$CTL" --json fdb stats br inner | grep -q '"refused":[1-9][0-9]*,"macs":1'
}
until_true 20 refused || fail "nothing is refused: $("$CTL" fdb stats)"
"$CTL" fdb show br inner | grep -q ^02: && fail "a second address is known: $("$CTL" fdb show)"
rings=$("$CTL" network-list a | grep -v '^  1')
in_vm b iperf3 -s -1 >/dev/null &
sleep 0.3
in_vm a iperf3 -c 10.77.0.11 -t 3 -J >"$WORK/run.json" &
run=$!
sleep 0.5
index=$(in_vm a ip -o link show eth2 | cut -d: -f1)

# a.1 changes, a.3 comes, a bridge comes; a.0, a.2 and b.0 stay as they are.
config "[vif a.1]" "bridge = inner" "mac = 00:16:3e:00:00:b1" "[vif a.2]" "bridge = inner" \
	"[vif a.3]" "bridge = late" "[bridge late]" "mtu = 1400"
kill -HUP "$DAEMON"
wait_for a '^  1 .*00:16:3e:00:00:b1 *1 *4'
wait_for a '^  3 .* 3 *4'
"$CTL" show | grep -q '^late .*1400' || fail "no bridge late: $("$CTL" show)"
[ "$("$CTL" network-list a | grep -v '^  [13]')" = "$rings" ] || fail "others were touched: $("$CTL" network-list a)"

# Errors: all stays. Then a.1 to a.3 go.
config "[daemon]" "log-level = trace" "[vif a.1]" "mtu = 9"
kill -HUP "$DAEMON"
sleep 0.3
grep -q "$conf:18: error: mtu '9'" "$WORK/daemon.log" || fail "the error is not told"
grep -q "$conf is not taken over: 2 errors; all stays as it is" "$WORK/daemon.log" || fail "the refusal is not told"
"$CTL" network-list a | grep -q '^  1 .*b1 *1 *4' || fail "a file with errors was taken"
grep -q ' \(DEBUG\|TRACE\) ' "$WORK/daemon.log" && fail "a file with errors changed the log level"

# A bridge whose TAP somebody holds is refused at once: nobody waits for it.
python3 -c '
import fcntl, struct, time
tun = open("/dev/net/tun", "r+b", 0)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"held0", 0x1002))
time.sleep(60)' &
holder=$!
until_true 20 ip link show held0 || fail "nobody holds held0"
config "[bridge held]" "uplink = tap:held0" "[vif a.1]" "bridge = inner" "mac = 00:16:3e:00:00:b1"
then=$(date +%s%N)
kill -HUP "$DAEMON"
until_true 20 grep -q 'cannot add bridge held: cannot open tap held0: .* busy' "$WORK/daemon.log" ||
	fail "held0 is not told of"
took=$((($(date +%s%N) - then) / 1000000))
[ $took -lt 2000 ] || fail "everybody waited $took ms for held0" # it was 3000 while the TAP was waited for
wait_for a '^  1 .*b1 *1 *4'
kill $holder
config
kill -HUP "$DAEMON"
for i in $(seq 200); do [ "$("$CTL" network-list a | wc -l)" = 2 ] && break; sleep 0.02; done
[ "$("$CTL" network-list a | wc -l)" = 2 ] || fail "they stay: $("$CTL" network-list a)"
for i in $(seq 200); do in_vm a ip link show eth2 >/dev/null 2>&1 || break; sleep 0.02; done
in_vm a ip link show eth2 >/dev/null 2>&1 && fail "eth2 stays"
wait $run || fail "the connection over unchanged vifs died: $(grep error "$WORK/run.json")"
[ "$(grep -c 'port a.0 up' "$WORK/daemon.log")" = 1 ] || fail "a.0 was connected anew"

# What was detached by hand stays so until its section changes.
"$CTL" network-detach a 0 || fail "detach of a.0"
kill -HUP "$DAEMON"
sleep 0.3
"$CTL" network-list a | grep -q "^  0" && fail "an unchanged section undid a detach"
e2e_end
