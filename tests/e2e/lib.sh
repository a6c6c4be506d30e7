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

skip() {
	echo "SKIP: $*"
	exit 77
}

fail() {
	echo "FAIL: $*" >&2
	[ -f "$WORK/daemon.log" ] && tail -n 20 "$WORK/daemon.log" >&2
	exit 1
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

# in_vm NAME COMMAND...: runs a command in a VM's namespaces.
in_vm() {
	local pid child
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

# A field of the vif in `splitvif show`.
show_field() {
	"$CTL" --json show | tr '{' '\n' | sed -n "s/.*\"name\":\"$1\.0\".*\"$2\":\"\([^\"]*\)\".*/\1/p"
}

address() {
	[ "$(show_field "$1" state)" = Connected ] && show_field "$1" ip
}

# stat VIF NAME: one counter.
stat() {
	"$CTL" ethtool -S "$1" | sed -n "s/^ *$2: //p"
}
