# What the peers of tools/compare have in common, sourced by it.
#
# A mode of tools/compare is one more file, which says
#
#	peers, loads       what there is, by name; describe[PEER]
#	PEER_up            makes it ready; nonzero, with the reason in $why, if it
#	                   cannot be had here
#	has_run LOAD PEER  whether that is to be measured
#	run_load LOAD PEER measures it once: what it prints is kept for table.py
#
# Everything runs in a private net, mount and pid namespace with a /run of its
# own, so nobody tidies up. $work, $build, $mode, $cpus, $seconds, $wanted and
# pause are tools/compare's.

wants() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null && continue
		why="$tool is not installed"
		return 1
	done
}

# namespace NAME: one with nothing but its loopback.
namespace() {
	ip netns add "$1" && ip -n "$1" link set lo up
}

within() {
	local name=$1
	shift
	nsenter --net=/run/netns/"$name" "$@"
}

# until_true TENTHS COMMAND...
until_true() {
	local i tenths=$1
	shift
	for ((i = 0; i < tenths; i++)); do
		"$@" >/dev/null 2>&1 && return
		pause 0.1
	done
	return 1
}

# dress NAMESPACE INTERFACE ADDRESS
dress() {
	ip -n "$1" addr add "$3" dev "$2" && ip -n "$1" link set "$2" up
}

# The last word of a log, for $why.
last_of() {
	why=$(tail -n 1 "$work/$1.log" 2>/dev/null)
	return 1
}
