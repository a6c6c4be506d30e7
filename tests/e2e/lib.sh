# End-to-end tests: a daemon, VMs, and everything gone afterwards.
#
# Sourced by each test, which starts with `e2e_begin "$@"`. The whole test runs
# in net, mount and pid namespaces of its own: nothing of the machine's network
# is touched, and whatever ends the test ends all of it. BUILD is the build
# directory; meson hands it in.

set -u

BUILD=${BUILD:-$(cd "$(dirname "$0")/../../build/plain" && pwd)}
SPLITVIFD=$BUILD/src/backend/splitvifd
FRONT=$BUILD/src/frontend/splitvif-front
CTL=$BUILD/tools/splitvif
STREAM=$BUILD/tests/e2e/stream

skip() {
	echo "SKIP: $*"
	exit 77
}

fail() {
	echo "FAIL: $*" >&2
	[ -f "$WORK/daemon.log" ] && tail -n 20 "$WORK/daemon.log" >&2
	exit 1
}

expect() {
	[ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"
}

# until_true SECONDS COMMAND...: repeats it until it succeeds. The time is what a busy
# machine may need, not what it takes: whatever else a test waits for, it waits so.
until_true() {
	local end=$(($(date +%s%N) + $1 * 1000000000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt $end ] || return 1
		sleep 0.02
	done
}

not() {
	! "$@"
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

# Re-executes the test in namespaces of its own.
e2e_begin() {
	if [ -z "${E2E_INSIDE-}" ]; then
		[ "$(id -u)" = 0 ] || skip "needs root for namespaces and TAPs"
		for tool; do
			command -v "$tool" >/dev/null || skip "$tool is not installed"
		done
		[ -c /dev/net/tun ] || skip "no /dev/net/tun"
		E2E_INSIDE=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0"
	fi
	WORK=$(mktemp -d) || exit 1
	trap 'rm -rf "$WORK"' EXIT
	export SPLITVIF_RUNDIR=$WORK/run NSTAT_HISTORY=$WORK/nstat
	mount -t sysfs sysfs /sys
	ip link set lo up
}

# daemon [OPTION...]: starts it and waits until it is ready.
daemon() {
	mkfifo "$WORK/ready"
	"$SPLITVIFD" --ready-fd 9 "$@" 9>"$WORK/ready" 2>>"$WORK/daemon.log" &
	DAEMON=$!
	timeout 60 head -n 1 "$WORK/ready" >/dev/null || fail "the daemon is not ready"
	rm "$WORK/ready"
}

# Ends the daemon in order: exit code 0 (with a sanitizer: nothing found, nothing
# leaked), no socket and no TAP of its own left.
e2e_end() {
	kill -TERM "$DAEMON"
	wait "$DAEMON" || fail "the daemon ended with $?"
	ls "$SPLITVIF_RUNDIR" | grep sock && fail "sockets are left"
	ip link show xentap0 2>/dev/null && fail "the uplink is left"
	exit 0
}

# The process that forwards: the daemon's child.
data_process() {
	pgrep -P "$DAEMON"
}

# vm NAME [OPTION...]: a VM that does nothing by itself, in the background.
vm() {
	local name=$1
	shift
	"$FRONT" run --name "$name" "$@" -- sleep infinity 2>"$WORK/$name.log" &
	echo $! >"$WORK/$name.pid"
	disown # nobody is told when it is killed
}

# in_vm NAME COMMAND...: runs a command in a VM's namespaces; for "host", in the
# driver domain's.
in_vm() {
	local pid child
	if [ "$1" = host ]; then
		shift
		"$@"
		return
	fi
	pid=$(cat "$WORK/$1.pid")
	shift
	while child=$(pgrep -P "$pid" | head -n 1) && [ -n "$child" ]; do
		pid=$child
	done
	nsenter -t "$pid" -U -n --preserve-credentials "$@"
}

# vm_up NAME: waits until its vif is connected, and prints its address.
vm_up() {
	until_true 30 has_address "$1" || fail "$1 does not come up: $(cat "$WORK/$1.log")"
	address "$1"
}

# is_listening VM PORT: by TCP.
is_listening() {
	in_vm "$1" cat /proc/net/tcp /proc/net/tcp6 | grep -q "$(printf ':%04X .* 0A ' "$2")"
}

# iperf_server VM [PORT]: for one client.
iperf_server() {
	in_vm "$1" iperf3 -s -1 -p "${2:-5201}" >/dev/null &
	until_true 30 is_listening "$1" "${2:-5201}" || fail "no iperf3 in $1"
}

# stream_start FROM TO ADDRESS SEED BYTES [KIB]: a TCP stream from VM to VM whose payload
# is checked, both ends in the background, at KIB a second until hurry; they leave
# $WORK/FROM.sent and TO.received.
stream_start() {
	local any=0.0.0.0
	[[ $3 = *:* ]] && any=::
	in_vm "$2" "$STREAM" receive $any 7001 "$4" "$5" >"$WORK/$2.received" 2>&1 &
	ends="${ends-} $!"
	until_true 30 is_listening "$2" 7001 || fail "no receiver in $2"
	in_vm "$1" "$STREAM" send "$3" 7001 "$4" "$5" ${6-} >"$WORK/$1.sent" 2>&1 &
	ends="$ends $!"
}

# The slow sender, while it sends.
sender() {
	pgrep -f "^$STREAM send"
}

# Tells it that there is no need to dawdle any more.
hurry() {
	# shellcheck disable=SC2046
	kill -USR1 $(sender)
}

# Waits for all streams: false if anything was not as it should.
streams_end() {
	local end bad=0
	for end in $ends; do
		wait "$end" || bad=1
	done
	ends=
	return $bad
}

# stream FROM TO ADDRESS BYTES: one, waited for.
stream() {
	stream_start "$1" "$2" "$3" 1 "$4"
	streams_end || fail "$1 to $2 at $3: $(cat "$WORK/$1.sent" "$WORK/$2.received")"
}

# answered FROM TARGET SIZE COUNT [OPTION...]: of the first COUNT IP packets of that size,
# unfragmented, how many are answered, once they know each other's addresses. ping goes
# on until it has as many answers, or it would not wait for those to the last ones; one
# that is lost stays lost. (Of big ones, a queue somewhere may be full: see passes.)
answered() {
	local from=$1 target=$2 size=$3 count=$4 n
	shift 4
	reaches "$from" "$target" || fail "$target is not reached from $from"
	in_vm "$from" ping -M do -s $((size - 28)) -i 0.01 -c "$count" -w 30 "$@" "$target" \
		>"$WORK/$from.ping" 2>&1
	n=$(sed -n 's/.*icmp_seq=\([0-9]*\) .* time=.*/\1/p' "$WORK/$from.ping" | sort -nu |
		awk -v count="$count" '$1 <= count { n++ } END { print n + 0 }')
	[ "$n" = "$count" ] || tail -n 5 "$WORK/$from.ping" >&2
	echo "$n"
}

# reaches FROM TARGET [OPTION...]: some packet is answered, in the end.
reaches() {
	local from=$1 target=$2
	shift 2
	in_vm "$from" ping -q -c 1 -i 0.05 -w 30 "$@" "$target" >/dev/null
}

# passes FROM TARGET SIZE: packets of that size, in the end.
passes() {
	reaches "$1" "$2" -M do -s $(($3 - 28)) -c 5 -i 0.01 || fail "$1 to $2: not $3 bytes"
}

# capture VM ARGUMENT...: tcpdump of what its eth0 gets, from now until capture_end.
capture() {
	local vm=$1
	shift
	: >"$WORK/tcpdump" # the last one said it listens, too
	in_vm "$vm" tcpdump --immediate-mode -i eth0 -Q in -nn "$@" 2>"$WORK/tcpdump" &
	CAPTURE=$!
	until_true 30 grep -q listening "$WORK/tcpdump" || fail "tcpdump in $vm: $(cat "$WORK/tcpdump")"
}

capture_end() {
	pkill -P "$CAPTURE" tcpdump
	wait "$CAPTURE"
}

# A field of the vif in `splitvif show`.
show_field() {
	"$CTL" --json show | tr '{' '\n' | sed -n "s/.*\"name\":\"$1\.0\".*\"$2\":\"\([^\"]*\)\".*/\1/p"
}

is_connected() {
	[ "$(show_field "$1" state)" = Connected ]
}

address() {
	is_connected "$1" && show_field "$1" ip
}

has_address() {
	[ -n "$(address "$1")" ]
}

# stats_at_rest: every port's counters as JSON, once they add up and two looks at them
# are equal, if it comes to that: a frame on its way is not yet where it will be
# counted. Those that are compared with one another come from one such look, never
# from several `stat`: frames that nobody here sent may come at any moment.
stats_at_rest() {
	local i now before=
	for i in $(seq 100); do
		now=$("$CTL" --json stats)
		{ [ "$now" = "$before" ] || [ $i -gt 20 ]; } && add_up <<<"$now" >/dev/null && break
		before=$now
		sleep 0.1
	done
	echo "$now"
}

# add_up <STATS: whether each frame at each port was passed on or dropped; tells where not.
add_up() {
	python3 -c '
import json, sys
ok = True
for row in json.load(sys.stdin):
    if row["from_guest_frames"] != row["from_guest_forwarded"] + row["from_guest_dropped"] or \
       row["to_guest_intended"] != row["to_guest_frames"] + row["to_guest_dropped"]:
        print("unaccounted:", row)
        ok = False
sys.exit(not ok)'
}

# stat VIF NAME: one counter, as it is now.
stat() {
	"$CTL" ethtool -S "$1" | sed -n "s/^ *$2: //p"
}

# leaves_nothing WHAT: what traces() prints is $WORK/before again. Processes may need a
# moment to go when they were killed.
leaves_nothing() {
	until_true 30 is_as_before || fail "$1 leaves something behind: $(diff "$WORK/before" "$WORK/after")"
}

is_as_before() {
	traces >"$WORK/after"
	cmp -s "$WORK/before" "$WORK/after"
}
