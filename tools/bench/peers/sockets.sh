# The peers of tools/compare whose ends are sockets (tcp, latency): how each is
# brought up and driven. See common.sh.
#
# NAME_up makes the namespaces NAME-a and NAME-b (or only the first, if it
# connects no two of them) and enters below where traffic may go. Interfaces keep
# their MTU, queues and offloads as they come.

case $mode in
tcp)
	peers="splitvif veth tapfwd slirp4netns vde pasta pasta-lo"
	loads="1-vm 4-vm 1-host 4-host 1-apart-vm 1-apart-host"
	tools="iperf3 ip ping pgrep"
	;;
latency)
	peers="splitvif veth tapfwd vde"
	loads="udp-apart-vm tcp-apart-vm udp-any-vm tcp-any-vm"
	tools="sockperf ip ping pgrep"
	;;
esac
target=compare-sockets
programs="src/backend/splitvifd src/frontend/splitvif-front tools/splitvif tools/tapfwd
	tools/cpu-distance"
iperf_port=5201 sockperf_port=11111

declare -gA describe=(
	[splitvif]="splitvif"
	[veth]="veth + kernel bridge"
	[tapfwd]="bare TAP forwarder"
	[slirp4netns]="slirp4netns"
	[vde]="vde_switch"
	[pasta]="pasta, through its TAP"
	[pasta-lo]="pasta, loopback"
)
# Where a server of that peer listens, for one who sits in NAME-a: in NAME-b,
# and in our own namespace, the host. A peer without an address there has no
# such way.
declare -gA vm_address=() host_address=()
# The processes that belong to a VM, NAME-a's or NAME-b's, rather than to what
# connects them.
declare -gA own=()
# The namespace of the client where it is not NAME-a.
declare -gA client=()

splitvif_vm() {
	splitvif-front run --name "$1" --ip "$2/24" -- sleep infinity 2>"$work/vm-$1.log" &
	local front=$!
	own[splitvif-$1]=$front
	# The namespace is that of the innermost child, which sleeps.
	until_true 50 ping -q -c 1 -W 1 "$2" || return
	local pid=$front child
	while child=$(pgrep -o -P "$pid"); do
		pid=$child
	done
	ip netns attach "splitvif-$1" "$pid"
}

splitvif_up() {
	mkfifo "$work/ready"
	splitvifd --ready-fd 9 --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24 \
		9>"$work/ready" 2>"$work/daemon.log" &
	timeout 10 head -n 1 "$work/ready" | grep -q . || last_of daemon || return
	splitvif_vm a 10.77.0.2 || last_of vm-a || return
	splitvif_vm b 10.77.0.3 || last_of vm-b || return
	vm_address[splitvif]=10.77.0.3 host_address[splitvif]=10.77.0.1
}

veth_vm() {
	namespace "veth-$1" &&
		ip link add "veth-$1" type veth peer name eth0 netns "veth-$1" &&
		ip link set "veth-$1" master br0 up &&
		dress "veth-$1" eth0 "$2/24"
}

veth_up() {
	why="the kernel has no bridge or no veth"
	{ ip link add br0 type bridge && ip addr add 10.78.0.1/24 dev br0 &&
		ip link set br0 up && veth_vm a 10.78.0.2 &&
		veth_vm b 10.78.0.3; } 2>"$work/veth.log" || return
	vm_address[veth]=10.78.0.3 host_address[veth]=10.78.0.1
}

tapfwd_up() {
	mkfifo "$work/tapfwd.ready"
	"$build/tools/tapfwd" fwd-a fwd-b >"$work/tapfwd.ready" 2>"$work/tapfwd.log" &
	timeout 5 head -n 1 "$work/tapfwd.ready" | grep -q . || last_of tapfwd || return
	local vm
	for vm in a b; do
		namespace "tapfwd-$vm" && ip link set "fwd-$vm" netns "tapfwd-$vm" || return
	done
	dress tapfwd-a fwd-a 10.79.0.2/24 && dress tapfwd-b fwd-b 10.79.0.3/24 || return
	vm_address[tapfwd]=10.79.0.3
}

# Its 10.0.2.2 is the host's loopback.
slirp4netns_up() {
	wants slirp4netns && namespace slirp4netns-a || return
	slirp4netns --configure --netns-type=path /run/netns/slirp4netns-a tap0 \
		>"$work/slirp4netns.log" 2>&1 &
	until_true 50 within slirp4netns-a ping -q -c 1 -W 1 10.0.2.2 ||
		last_of slirp4netns || return
	host_address[slirp4netns]=10.0.2.2
}

vde_vm() {
	namespace "vde-$1" || return
	within "vde-$1" vde_plug2tap --sock="$work/vde" eth0 2>"$work/vde-$1.log" &
	own[vde-$1]=$!
	until_true 50 ip -n "vde-$1" link show eth0 || last_of "vde-$1" || return
	dress "vde-$1" eth0 "$2/24"
}

# The switch has the host's TAP, and a plug beside it each VM's, as it is used.
# It ends at the end of its input: it gets one that has none.
vde_up() {
	wants vde_switch vde_plug2tap || return
	mkfifo "$work/vde.in"
	vde_switch --sock "$work/vde" --tap vde0 0<>"$work/vde.in" >"$work/vde.log" 2>&1 &
	until_true 50 ip link show vde0 && until_true 50 test -S "$work/vde/ctl" ||
		last_of vde || return
	ip addr add 10.80.0.1/24 dev vde0 && ip link set vde0 up &&
		vde_vm a 10.80.0.2 && vde_vm b 10.80.0.3 || return
	vm_address[vde]=10.80.0.3 host_address[vde]=10.80.0.1
}

# It wants an interface with a default route, whose addresses it hands to its
# namespace; the gateway's address leads to the host's loopback.
pasta_up() {
	wants pasta && namespace pasta-a && namespace pasta-gateway || return
	ip link add wan type veth peer name gw netns pasta-gateway &&
		dress pasta-gateway gw 192.0.2.1/24 &&
		ip addr add 192.0.2.2/24 dev wan && ip link set wan up &&
		ip route add default via 192.0.2.1 || return
	pasta --foreground --stderr --quiet --runas 0:0 --config-net -T "$iperf_port" \
		--netns /run/netns/pasta-a 2>"$work/pasta.log" &
	until_true 50 is_configured pasta-a || last_of pasta || return
	host_address[pasta]=192.0.2.1
}

is_configured() {
	ip -n "$1" -4 route show default | grep -q .
}

# The same process: what is sent to its namespace's loopback goes to the
# host's, spliced from socket to socket and past the TAP.
pasta-lo_up() {
	why="without pasta"
	[ -n "${host_address[pasta]-}" ] || return
	host_address[pasta-lo]=127.0.0.1 client[pasta-lo]=pasta-a
}

# has_run LOAD PEER: it can, and it is wanted. A peer that connects no two VMs
# stands among those that do with its way to the host.
has_run() {
	local asked=" ${wanted//,/ } "
	[ -n "$wanted" ] || asked=" $loads "
	case $1 in
	*-vm) [ -n "${vm_address[$2]-}" ] && [[ $asked = *" $1 "* ]] ;;
	*-host)
		[ -n "${host_address[$2]-}" ] && { [[ $asked = *" $1 "* ]] ||
			[[ -z ${vm_address[$2]-} && $asked = *" ${1%-host}-vm "* ]]; } ;;
	esac
}

# server NAMESPACE ("" is the host) SIGN COMMAND...: runs it until its output
# has that sign. $server is its process. The last one's output is not its own.
server() {
	local namespace=$1 sign=$2
	shift 2
	: >$work/server
	timeout $((seconds + 15)) ${namespace:+nsenter --net=/run/netns/$namespace} "$@" \
		>$work/server 2>&1 &
	server=$!
	until_true 50 grep -q "$sign" $work/server
}

# place PEER WHERE: sets $here and $there, the CPUs of its two VMs, and puts the
# VMs' own processes on them.
place() {
	local pid
	here=$cpus there=$cpus
	[ "$2" != apart ] || here=${cpus%%,*} there=${cpus##*,}
	for pid in ${own[$1-a]-}; do
		taskset -apc "$here" "$pid" >>$work/taskset.log
	done
	for pid in ${own[$1-b]-}; do
		taskset -apc "$there" "$pid" >>$work/taskset.log
	done
}

# tcp_run STREAMS NAMESPACE-OF-CLIENT NAMESPACE-OF-SERVER ADDRESS
tcp_run() {
	server "$3" listening taskset -c "$there" iperf3 -s -1 --forceflush -p $iperf_port || return
	timeout $((seconds + 10)) nsenter --net=/run/netns/"$2" taskset -c "$here" \
		iperf3 -J -c "$4" -p $iperf_port -P "$1" -t "$seconds"
}

# latency_run tcp|udp ... as above
latency_run() {
	local tcp=''
	[ "$1" = udp ] || tcp=--tcp
	server "$3" 'to block on socket' taskset -c "$there" \
		sockperf server -i "$4" -p $sockperf_port $tcp || return
	timeout $((seconds + 10)) nsenter --net=/run/netns/"$2" taskset -c "$here" \
		sockperf ping-pong -i "$4" -p $sockperf_port -t "$seconds" --full-rtt $tcp
}

# run_load LOAD PEER
run_load() {
	local to here there server='' status
	case $1 in
	*-vm) to="$2-b ${vm_address[$2]}" ;;
	*-host) to=" ${host_address[$2]}" ;;
	esac
	[[ $1 = *-apart-* ]] && place "$2" apart || place "$2" any
	"${mode}_run" "${1%%-*}" "${client[$2]-$2-a}" "${to% *}" "${to##* }"
	status=$?
	if [ -n "$server" ]; then
		kill "$server"
		wait "$server"
	fi 2>/dev/null
	return $status
}
