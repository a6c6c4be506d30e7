# The peers of tools/compare that move bare frames (relay): how each is brought up
# and driven. See common.sh.
#
# The shape is that of splitvif-bench relay: sender and sink are two ports of one
# thread on one CPU, the switch has the other. peer-relay is that thread for the
# peers, over DPDK, and does with a frame what splitvif-bench does with it. Both
# know how many frames are under way, so that nothing is lost for want of room. A
# switch starts anew for each run; Open vSwitch, which takes seconds to, is
# stopped in between.

peers="splitvif ceiling memif memif-io memif-zc vhost vhost-io ovs veth"
loads="64-header 1514-header 1514-whole"
tools="ip"
target=compare-frames
programs="src/backend/splitvifd tools/splitvif-bench tools/cpu-distance"

declare -gA describe=(
	[splitvif]="splitvif"
	[ceiling]="splitvif's rings, a bare switch"
	[memif]="testpmd mac, memif"
	[memif-io]="testpmd io, memif"
	[memif-zc]="testpmd mac, memif, guest without copy"
	[vhost]="testpmd mac, vhost-user"
	[vhost-io]="testpmd io, vhost-user"
	[ovs]="OVS-DPDK, learning, vhost-user"
	[veth]="veth + kernel bridge, AF_PACKET"
)

has_run() {
	[[ -z $wanted || ,$wanted, = *,$1,* ]]
}

# run_load LOAD PEER
run_load() {
	"${2}_run" "${1%-*}" "${1#*-}"
}

# A run that proves that there can be more.
try() {
	local seconds=0.05
	"$1_run" 64 header >"$work/try.$1" 2>"$work/try.$1.err" && return
	why=$(reason_in "$work/try.$1")
	return 1
}

# bench COMMAND SIZE PAYLOAD
bench() {
	local whole=''
	[ "$3" = header ] || whole="--payload whole"
	timeout 20 splitvif-bench "$1" --json --cpus "$here,$there" --repeats 1 --warmup 0.1 \
		--duration "$seconds" --size "$2" $whole
}

splitvif_up() { try splitvif; }
splitvif_run() { bench relay "$@"; }
ceiling_up() { try ceiling; }
ceiling_run() { bench ceiling "$@"; }

# Both sides of DPDK: ordinary pages, no devices but those that are named.
eal="--no-huge --no-pci --no-telemetry --log-level=4"

# The addresses in frames; testpmd in mac mode writes the same ones again.
sender=02:00:00:00:00:01 sink=02:00:00:00:00:02

# drive SENDER-DEVICE SINK-DEVICE SIZE PAYLOAD [OPTION...]
drive() {
	local whole=''
	[ "$4" = header ] || whole=--whole
	# shellcheck disable=SC2086
	timeout 20 peer-relay $eal -m 128 --lcores "0@$here" --file-prefix sender \
		--vdev "$1" --vdev "$2" -- --from $sender --to $sink \
		--seconds "$seconds" --size "$3" $whole "${@:5}"
}

# testpmd MODE SOCKET DEVICE DEVICE: forwards between two devices, on its CPU;
# SOCKET shows that it is up. Its prompt waits on the other for a word that never
# comes.
testpmd() {
	# shellcheck disable=SC2086
	dpdk-testpmd $eal -m 128 --lcores "0@$here,1@$there" --main-lcore 0 --file-prefix switch \
		--vdev "$3" --vdev "$4" -- --nb-cores=1 --forward-mode="$1" --burst=64 \
		--eth-peer="0,$sender" --eth-peer="1,$sink" --total-num-mbufs=16384 \
		--disable-link-check <&8 >"$work/testpmd.log" 2>&1 &
	switch=$!
	until_true 50 test -S "$2" && return
	grep -i -m 1 -E 'cause|error|invalid|cannot' "$work/testpmd.log" >&2
	return 1
}

# It holds nothing that is worth a good end.
end_switch() {
	{ kill -KILL "$switch" && wait "$switch"; } 2>/dev/null
	rm -f "$work"/memif "$work"/vhost[01]
}

has_driver() {
	why="peer-relay is not built: libdpdk was missing"
	[ -x "$build/tools/peer-relay" ]
}

testpmd_up() {
	has_driver && wants dpdk-testpmd && try "$1"
}

memif() {
	echo "net_memif$1,role=$2,id=$1,socket=$work/memif,socket-abstract=no"
}

# memif_pair MODE CLIENT-OPTIONS CREDIT SIZE PAYLOAD: one more batch under way than
# elsewhere is a third faster at 1514 bytes if the guest copies.
memif_pair() {
	local switch status
	testpmd "$1" "$work/memif" "$(memif 0 server)" "$(memif 1 server),mac=$sender" &&
		drive "$(memif 0 client)$2" "$(memif 1 client)$2" "$4" "$5" --credit "$3"
	status=$?
	end_switch
	return $status
}

memif_up() { testpmd_up memif; }
memif_run() { memif_pair mac "" 256 "$@"; }
memif-io_up() { testpmd_up memif-io; }
memif-io_run() { memif_pair io "" 256 "$@"; }
memif-zc_up() { testpmd_up memif-zc; }
memif-zc_run() { eal="$eal --single-file-segments" memif_pair mac ,zero-copy=yes 192 "$@"; }

# virtio_user DIRECTORY ...: as drive, over the two sockets there. The packed ring
# is faster than the split one that guests have if not told, by a fifth at 1514
# bytes.
virtio_user() {
	local ring=packed_vq=1,in_order=1,mrg_rxbuf=0
	drive "net_virtio_user0,path=$1/vhost0,mac=$sender,$ring" \
		"net_virtio_user1,path=$1/vhost1,mac=$sink,$ring" "${@:2}"
}

# vhost_pair MODE SIZE PAYLOAD: testpmd's second port has that address always.
vhost_pair() {
	local switch status
	testpmd "$1" "$work/vhost1" "net_vhost0,iface=$work/vhost0" "net_vhost1,iface=$work/vhost1" &&
		virtio_user "$work" "$2" "$3" --from 56:48:4f:53:54:01
	status=$?
	end_switch
	return $status
}

vhost_up() { testpmd_up vhost; }
vhost_run() { vhost_pair mac "$@"; }
vhost-io_up() { testpmd_up vhost-io; }
vhost-io_run() { vhost_pair io "$@"; }

# Debian installs this one beside the plain one.
vswitchd=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk

ovs_database() {
	local db=unix:$OVS_RUNDIR/db.sock
	ovsdb-tool create "$OVS_RUNDIR/conf.db" /usr/share/openvswitch/vswitch.ovsschema || return
	ovsdb-server "$OVS_RUNDIR/conf.db" --remote="p$db" --no-chdir &
	until_true 50 test -S "${db#unix:}" &&
		ovs-vsctl --db="$db" --no-wait init -- set Open_vSwitch . \
			other_config:dpdk-init=true other_config:per-port-memory=true \
			other_config:dpdk-extra="$eal --legacy-mem -m 512" \
			"other_config:dpdk-lcore-mask=$(printf '%x' $((1 << here)))" \
			"other_config:pmd-cpu-mask=$(printf '%x' $((1 << there)))"
}

# NORMAL, its default, is the bridge that learns.
ovs_bridge() {
	local db=unix:$OVS_RUNDIR/db.sock
	ovs-vsctl --db="$db" --timeout=20 add-br ovs -- set bridge ovs datapath_type=netdev \
		-- add-port ovs vhost0 -- set Interface vhost0 type=dpdkvhostuser \
		-- add-port ovs vhost1 -- set Interface vhost1 type=dpdkvhostuser
}

ovs_up() {
	local -x OVS_RUNDIR=$work/ovs OVS_LOGDIR=$work/ovs OVS_DBDIR=$work/ovs
	has_driver && wants ovs-vsctl ovsdb-server ovsdb-tool $vswitchd && mkdir "$OVS_RUNDIR" || return
	ovs_database >"$work/ovs.log" 2>&1 || last_of ovs || return
	$vswitchd "unix:$OVS_RUNDIR/db.sock" >"$work/ovs.log" 2>&1 &
	ovs=$!
	{ ovs_bridge >>"$work/ovs.log" 2>&1 || last_of ovs; } && try ovs && return
	kill -KILL $ovs
	return 1
}

ovs_run() {
	local status
	kill -CONT "$ovs"
	virtio_user "$work/ovs" "$@"
	status=$?
	kill -STOP "$ovs"
	return $status
}

veth_port() {
	ip link add "port$1" type veth peer name "vm$1" && ip link set "vm$1" address "$2" up &&
		ip link set "port$1" master br0 up
}

veth_up() {
	has_driver || return
	why="the kernel has no bridge or no veth"
	{ ip link add br0 type bridge && ip link set br0 up && veth_port 0 $sender &&
		veth_port 1 $sink; } 2>"$work/veth.log" && try veth
}

veth_run() {
	drive net_af_packet0,iface=vm0,qdisc_bypass=1 net_af_packet1,iface=vm1,qdisc_bypass=1 "$@"
}
