#!/bin/bash
# The README's recipes, as an ordinary user: a process of one's own namespace
# becomes a VM, and a VM reaches the outside through pasta.
. "$(dirname "$0")/lib.sh"
WORK=
[ "$(id -u)" = 0 ] || skip "needs root to become somebody else"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
for tool in ping nsenter setpriv unshare; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done

# user SECONDS SCRIPT [ARG...]: runs it as uid 1000, with a tun device that is
# open to all as Debian has it, and a run directory of its own.
user() {
	local seconds=$1
	shift
	timeout "$seconds" unshare --mount --pid --fork --kill-child --mount-proc bash -c '
		mount -t tmpfs -o mode=1777 none /run &&
		mknod /run/tun c 10 200 && chmod 666 /run/tun &&
		mount --bind /run/tun /dev/net/tun || exit 1
		export HOME=/run SPLITVIF_RUNDIR=/run/splitvif PATH=$1:/usr/sbin:/sbin:$PATH
		shift
		exec setpriv --reuid 1000 --regid 1000 --clear-groups sh -c "$@"
	' - "$(dirname "$SPLITVIFD"):$(dirname "$FRONT"):$(dirname "$CTL")" "$@" </dev/null
}

user 60 'splitvifd -V && splitvif-front -V' >/dev/null 2>&1 ||
	skip "uid 1000 cannot run what is built here"

out=$(user 120 '
	splitvifd 2>/run/log &
	until splitvif show >/dev/null 2>&1; do sleep 0.05; done
	unshare --user --map-root-user --net sleep infinity & box=$!
	until grep -qx sleep /proc/$box/comm; do sleep 0.05; done
	splitvif-front --name box --netns $box &
	until splitvif show | grep -q "^ *box.*Connected"; do sleep 0.05; done
	splitvif-front run --name b -- ping -c 3 -i 0.1 -w 30 10.77.0.2' 2>&1) ||
	fail "a process by its number: $out"

for tool in pasta nft python3; do
	command -v $tool >/dev/null || skip "$tool is not installed; --netns PID works"
done
gateway=$(ip -4 route show default | sed -n 's/.* via \([0-9.]*\) .*/\1/p' | head -n 1)
[ -n "$gateway" ] || skip "pasta needs a default route; --netns PID works"
# pasta shows the host's loopback as the gateway.
coproc python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
s.settimeout(120)
print(s.getsockname()[1], flush=True)
s.accept()[0].sendall(b"from outside\n")'
read -r port <&"${COPROC[0]}"
server=$COPROC_PID
trap 'kill $server 2>/dev/null' EXIT
out=$(user 120 'exec pasta --config-net -- unshare --mount --pid --fork --mount-proc sh -c "$@"' - '
	echo 1 >/proc/sys/net/ipv4/ip_forward
	nft "table ip nat { chain out { type nat hook postrouting priority 100;
		oifname != \"xentap0\" masquerade; }; }" || exit 1
	splitvifd 2>/dev/null &
	until splitvif show >/dev/null 2>&1; do sleep 0.05; done
	splitvif-front run -- bash -c "exec 3<>/dev/tcp/\$0/\$1; head -n 1 <&3" "$@"' \
	- "$gateway" "$port" 2>&1)
grep -q '^from outside' <<<"$out" || fail "through pasta: $out"
exit 0
