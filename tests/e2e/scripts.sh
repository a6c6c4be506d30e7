#!/bin/bash
# Hotplug scripts: what they are given, that only those in the configured
# directory run, what becomes of those that fail or hang, and that the vif is
# connected only when its script says so. TAPs of single vifs.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter xenstore-read xenstore-write
scripts=$WORK/scripts
mkdir "$scripts"
chmod 755 "$WORK" "$scripts"

# script NAME: its body comes on standard input.
script() {
	{ echo '#!/bin/sh'; cat; } >"$scripts/$1"
	chmod 755 "$scripts/$1"
}

script good <<END
env | sort >$WORK/env.\$1
echo "\$0 \$*" >>$WORK/calls
ip link show "\$vif" >/dev/null 2>&1 && echo there >>$WORK/calls
[ \$1 = offline ] || { ip link set "\$vif" up; xenstore-write "\$XENBUS_PATH/hotplug-status" connected; }
END
script quick <<END
[ \$1 = offline ] && exit 0
until [ -e $WORK/go ]; do sleep 0.02; done
xenstore-write "\$XENBUS_PATH/hotplug-status" connected
END
script bad <<END
xenstore-write "\$XENBUS_PATH/hotplug-error" "no such luck" "\$XENBUS_PATH/hotplug-status" error
exit 1
END
script dies </dev/null
script hangs <<END
[ \$1 = offline ] && exit 0
sleep 1000 &
echo \$! >$WORK/sleeper
wait
END
ln -s /bin/true "$scripts/leads-out"
ln -s good "$scripts/stays-in"
cp "$scripts/good" "$scripts/open" && chmod 777 "$scripts/open"
cp "$scripts/good" "$WORK/outside"
echo data >"$scripts/data"
cat >"$WORK/conf" <<END
[daemon]
scripts = $scripts
script-timeout = 20
[bridge xenbr0]
uplink = tap:xentap0
ip = 10.77.0.1/24
[vif t.0]
type = own-tap
vifname = mytap
ip = 10.66.0.2/24
END
daemon --config "$WORK/conf"
sed 's/^script-timeout.*/script-timeout = 1/' "$WORK/conf" >"$WORK/hasty.conf"
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
vm a
vm_up a >/dev/null || exit 1
path=/local/domain/0/backend/vif/1/1

"$CTL" network-attach a type=own-tap,script=good,gatewaydev=xentap0,ip=10.66.0.9 >/dev/null || fail "good"
[ "$(cat "$WORK/calls")" = "$scripts/good online type_if=vif
there" ] || fail "called as: $(cat "$WORK/calls")"
for line in "XENBUS_PATH=backend/vif/1/1" "XENBUS_TYPE=vif" "XENBUS_BASE_PATH=backend" "vif=vif1.1" \
	"script=$scripts/good" "gatewaydev=xentap0" "netdev=xentap0" "XENSTORED_PATH=$XENSTORED_PATH"; do
	grep -qx "$line" "$WORK/env.online" || fail "no $line in: $(cat "$WORK/env.online")"
done
ip link show vif1.1 | grep -q 'state UP\|,UP' || fail "the script brought up another device"
[ "$(xenstore-read $path/script)" = good ] || fail "the script's name in the store"
"$CTL" network-detach a 1 || fail "detach"
[ "$(sed -n 3p "$WORK/calls")" = "$scripts/good offline type_if=vif" ] || fail "no offline: $(cat "$WORK/calls")"
[ "$(sed -n 4p "$WORK/calls")" = there ] || fail "the TAP went before its script"
ip link show vif1.1 2>/dev/null && fail "the TAP stays"
xenstore-read $path/state 2>/dev/null && fail "the device stays"

# Gated: not connected before the script says so.
"$CTL" network-attach a script=quick >/dev/null &
attach=$!
is_in_state() { [ "$(xenstore-read $path/state)" = "$1" ]; }
until_true 30 is_in_state 2 || fail "state $(xenstore-read $path/state) while the script runs"
sleep 0.2
is_in_state 2 || fail "state $(xenstore-read $path/state) while the script runs"
touch "$WORK/go"
wait $attach || fail "quick"
until_true 30 is_in_state 4 || fail "not connected behind its script"
"$CTL" network-detach a 1 || fail "detach of quick"
"$CTL" network-attach a script=stays-in >/dev/null || fail "a link within the directory"
"$CTL" network-detach a 1

has_one() {
	[ "$("$CTL" network-list a | wc -l)" = 2 ]
}
# refused PATTERN VIFSPEC: exit 1, one line, nothing left of it.
refused() {
	"$CTL" network-attach a "$2" >/dev/null 2>"$WORK/err"
	[ $? = 1 ] || fail "$2: taken"
	grep -q "$1" "$WORK/err" || fail "$2: no '$1': $(cat "$WORK/err")"
	[ "$(wc -l <"$WORK/err")" = 1 ] || fail "$2: not one line: $(cat "$WORK/err")"
	until_true 30 has_one || fail "$2: left: $("$CTL" network-list a)"
}
: >"$WORK/calls"
refused 'script bad: no such luck' script=bad
refused 'hotplug-status' script=dies
refused 'No such file' script=nosuch
refused 'not in' "script=$WORK/outside"
refused 'leads out of' script=../outside
refused 'leads out of' script=leads-out
refused 'leads out of' "script=$scripts/../outside"
refused 'others may write it' script=open
refused 'not an executable' script=data
refused 'no such interface' script=good,gatewaydev=nosuch0
[ -s "$WORK/calls" ] && fail "one of them ran: $(cat "$WORK/calls")"

# A TAP of its own without a script: named, up, and the host's to use.
vm t
until_true 30 ip link show mytap
ip addr add 10.66.0.1/24 dev mytap || fail "no TAP mytap: $(cat "$WORK/t.log")"
until_true 30 is_connected t
reaches t 10.66.0.1 || fail "no frames over mytap"
# Deleted under it: the vif is stopped, and its frontend gets another.
ip link del mytap
until_true 30 ip link show mytap
ip addr add 10.66.0.1/24 dev mytap || fail "mytap is not made again"
until_true 30 is_connected t
reaches t 10.66.0.1 || fail "no frames over the second mytap"
kill -9 "$(cat "$WORK/t.pid")"
until_true 30 not ip link show mytap || fail "mytap outlives its VM"

# At the daemon's end, too, scripts run.
"$CTL" network-attach a script=good >/dev/null || fail "good again"
: >"$WORK/calls"
kill -TERM "$DAEMON"
wait "$DAEMON" || fail "the daemon ended with $?"
grep -q "good offline" "$WORK/calls" || fail "no offline at the end"

# One that does not end is ended, with all that it started.
kill "$(cat "$WORK/a.pid")"
export SPLITVIF_RUNDIR=$WORK/hasty
daemon --config "$WORK/hasty.conf"
vm a
vm_up a >/dev/null || exit 1
refused 'did not end within 1 s' script=hangs
until_true 30 is_gone "$(cat "$WORK/sleeper")" || fail "what it started lives on"
e2e_end
