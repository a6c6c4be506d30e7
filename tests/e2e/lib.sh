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

# until_true SECONDS COMMAND...: repeats it until it succeeds.
until_true() {
	local end=$(($(date +%s%N) + $1 * 1000000000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt $end ] || return 1
		sleep 0.02
	done
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
	export SPLITVIF_RUNDIR=$WORK/run
	mount -t sysfs sysfs /sys
	ip link set lo up
}

# daemon [OPTION...]: starts it and waits until it is ready.
daemon() {
	mkfifo "$WORK/ready"
	"$SPLITVIFD" --ready-fd 9 "$@" 9>"$WORK/ready" 2>>"$WORK/daemon.log" &
	DAEMON=$!
	timeout 10 head -n 1 "$WORK/ready" >/dev/null || fail "the daemon is not ready"
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
	local ip i
	for i in $(seq 400); do
		ip=$(address "$1")
		[ -n "$ip" ] && echo "$ip" && return
		sleep 0.02
	done
	fail "$1 does not come up: $(cat "$WORK/$1.log")"
}

# stream_start FROM TO ADDRESS SEED BYTES [KIB]: a TCP stream from VM to VM whose payload
# is checked, both ends in the background, at KIB a second until hurry; they leave
# $WORK/FROM.sent and TO.received.
stream_start() {
	local i any=0.0.0.0
	[[ $3 = *:* ]] && any=::
	in_vm "$2" "$STREAM" receive $any 7001 "$4" "$5" >"$WORK/$2.received" 2>&1 &
	ends="${ends-} $!"
	for i in $(seq 250); do # 7001 is 1B59
		in_vm "$2" grep -qs ":1B59 .* 0A " /proc/net/tcp /proc/net/tcp6 && break
		sleep 0.02
	done
	in_vm "$1" "$STREAM" send "$3" 7001 "$4" "$5" ${6-} >"$WORK/$1.sent" 2>&1 &
	ends="$ends $!"
}

# The slow sender, while it sends.
sender() {
	pgrep -f "^$STREAM send"
}

# Tells it that there is no need to dawdle any more.
hurry() {
	kill -USR1 "$(sender)"
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

# pings FROM TARGET SIZE OPTIONS: of IP packets of that size, unfragmented, how many
# are answered. Without -w (then it goes on until COUNT are) ping waits for the last
# answer twice as long as the others took, and no longer.
pings() {
	local from=$1 target=$2 size=$3 options=$4
	# shellcheck disable=SC2086
	in_vm "$from" ping -q -M do -s $((size - 28)) -i 0.01 $options "$target" 2>&1 |
		sed -n 's/.* \([0-9]*\) received.*/\1/p'
}

# capture VM ARGUMENT...: tcpdump of what its eth0 gets, from now until capture_end.
capture() {
	local vm=$1 i
	shift
	: >"$WORK/tcpdump" # the last one said it listens, too
	in_vm "$vm" tcpdump --immediate-mode -i eth0 -Q in -nn "$@" 2>"$WORK/tcpdump" &
	CAPTURE=$!
	for i in $(seq 250); do
		grep -q listening "$WORK/tcpdump" && return
		sleep 0.02
	done
	fail "tcpdump in $vm: $(cat "$WORK/tcpdump")"
}

capture_end() {
	pkill -P "$CAPTURE" tcpdump
	wait "$CAPTURE"
}

# A field of the vif in `splitvif show`.
show_field() {
	"$CTL" --json show | tr '{' '\n' | sed -n "s/.*\"name\":\"$1\.0\".*\"$2\":\"\([^\"]*\)\".*/\1/p"
}

address() {
	[ "$(show_field "$1" state)" = Connected ] && show_field "$1" ip
}

# stats_at_rest: every port's counters as JSON, once two looks at them are equal:
# a frame on its way is not yet where it will be counted.
stats_at_rest() {
	local i now before=
	for i in $(seq 50); do
		now=$("$CTL" --json stats)
		[ "$now" = "$before" ] && break
		before=$now
		sleep 0.2
	done
	echo "$now"
}

# stat VIF NAME: one counter.
stat() {
	"$CTL" ethtool -S "$1" | sed -n "s/^ *$2: //p"
}

# leaves_nothing WHAT: what traces() prints is $WORK/before again. Processes may need a
# moment to go when they were killed.
leaves_nothing() {
	local i
	for i in $(seq 100); do
		traces >"$WORK/after"
		cmp -s "$WORK/before" "$WORK/after" && return
		sleep 0.05
	done
	fail "$1 leaves something behind: $(diff "$WORK/before" "$WORK/after")"
}
