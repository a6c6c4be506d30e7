# What tools/compare alone runs: all of splitvif-bench's commands that measure a part
# of splitvif, or the whole, with nobody beside. A load is one or several of them.

peers="splitvif"
loads="ring relay whole asleep vms separate queues latency"
loads="$loads wake grant fdb segment tap growth idle"
tools="ip"
target=compare-frames
programs="src/backend/splitvifd tools/splitvif-bench"

has_run() {
	[[ -z $wanted || ,$wanted, = *,$1,* ]]
}

# bench COMMAND [OPTION...]: says so, and prints its table without the circumstances,
# which are those of all, and above the first. As JSON: a line, with everything.
bench() {
	[ -n "$json" ] || printf '\n$ splitvif-bench %s\n' "$*"
	timeout 100 splitvif-bench "$@" --cpus "$here,$there" --seed "$seed" ${json:+--json} \
		>"$work/out" || return
	if [ -n "$json" ]; then
		printf '{"load": "%s", "words": "%s", "report": %s}\n' "$load" "$*" "$(cat "$work/out")"
		return
	fi
	[ -s "$work/facts" ] || sed -n '/^$/q; /^\(command\|order\)/!p' "$work/out" >"$work/facts"
	sed '1,/^$/d' "$work/out"
}

# timed COMMAND [OPTION...]: in as many rounds, and as long, as we were told.
timed() {
	bench "$@" --repeats "$rounds" --duration "$seconds"
}

# A second worker has no processor of its own here: what it costs, not what it gains.
queues() {
	local queues workers
	for queues in 1 2 4; do
		for workers in 1 2; do
			timed relay --size 64 --queues $queues --workers $workers || return
		done
	done
}

vms() {
	local vms
	for vms in 2 4 8; do
		timed relay --vms $vms || return
	done
	timed relay --vms 4 --flood && timed relay --vms 8 --flood
}

# run_load LOAD PEER
run_load() {
	local sizes=64,256,1514,4096,16384,65535
	case $1 in
	ring) timed ring --ring xen,spsc,split,packed && timed ring --sleep --batch 1 ;;
	relay) timed relay --ceiling --size $sizes ;;
	whole) timed relay --ceiling --payload whole --size $sizes ;;
	asleep) timed relay --sleep ;;
	separate) timed relay --separate && timed relay --separate --sleep ;;
	latency) timed latency --size 64,1514 && timed latency --sleep --size 64,1514 ;;
	growth) timed growth ;;
	idle) bench idle --repeats 3 && bench idle --repeats 3 --attached 64 ;;
	vms | queues) "$1" ;;
	*) bench "$1" ;;
	esac
}
