#!/bin/bash
# The configuration file: what it attaches when a domain comes, and SIGHUP under
# traffic: changed vifs are replaced, unchanged ones do not notice, and a file
# with errors changes nothing.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter
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
grep -qx "$conf:15: error: unknown key 'brigde'; did you mean 'bridge'?" "$WORK/err" || fail "$(cat "$WORK/err")"
timeout 60 "$SPLITVIFD" --config "$conf" 2>/dev/null; [ $? = 2 ] || fail "started with a bad file"
timeout 60 "$SPLITVIFD" --config "$WORK/nosuch" 2>/dev/null; [ $? = 2 ] || fail "started without its file"
ip link show xentap0 >/dev/null 2>&1 && fail "a TAP was made"
config
"$SPLITVIFD" --check-config "$conf" | grep -q 'no errors' || fail "a good file"

config "[vif a.1]" "bridge = inner" "mac = 00:16:3e:00:00:a1" "[vif a.2]" "bridge = inner"
SPLITVIF_CONFIG=$conf daemon
vm a && vm b
[ "$(vm_up a)" = 10.77.0.10 ] || fail "a has $(vm_up a)"
[ "$(vm_up b)" = 10.77.0.11 ] || fail "b has $(vm_up b)"
[ "$(show_field a mac)" = 00:16:3e:00:00:0a ] || fail "a's MAC"

lists() {
	"$CTL" network-list "$1" | grep -q "$2"
}
# wait_for NAME COLUMNS-PATTERN: until a line of network-list looks so.
wait_for() {
	until_true 30 lists "$1" "$2" || fail "no '$2': $("$CTL" network-list "$1")"
}
wait_for a '^  1 .*00:16:3e:00:00:a1 *1 *4'
wait_for a '^  2 .* 2 *4'
rings=$("$CTL" network-list a | grep -v '^  1')
stream_start a b 10.77.0.11 5 100000000 1000

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
until_true 30 grep -q "$conf:17: error: mtu '9'" "$WORK/daemon.log" || fail "the error is not told"
"$CTL" network-list a | grep -q '^  1 .*b1 *1 *4' || fail "a file with errors was taken"
grep -q ' \(DEBUG\|TRACE\) ' "$WORK/daemon.log" && fail "a file with errors changed the log level"
config
kill -HUP "$DAEMON"
has_one() { [ "$("$CTL" network-list a | wc -l)" = 2 ]; }
until_true 30 has_one || fail "they stay: $("$CTL" network-list a)"
until_true 30 not in_vm a ip link show eth2 || fail "eth2 stays"
sender >/dev/null || fail "the stream ended before all was done"
hurry
streams_end || fail "the connection over unchanged vifs died: $(cat "$WORK/a.sent" "$WORK/b.received")"
[ "$(grep -c 'port a.0 up' "$WORK/daemon.log")" = 1 ] || fail "a.0 was connected anew"

# What was detached by hand stays so until its section changes.
"$CTL" network-detach a 0 || fail "detach of a.0"
kill -HUP "$DAEMON"
sleep 0.3 # if it did, it would be soon
"$CTL" network-list a | grep -q "^  0" && fail "an unchanged section undid a detach"
e2e_end
