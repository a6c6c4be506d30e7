#!/bin/bash
# A real VM: Debian's kernel on an emulated processor, whose network card is QEMU's
# e1000 behind a stream socket, behind splitvif-front, on Xen's rings. It pings another
# VM, is pinged by it and by the host, and goes on after a suspension.
# `tools/setup qemu` brings what it needs. Some 25 s to boot.
. "$(dirname "$0")/lib.sh"
e2e_begin ip ping pgrep nsenter qemu-system-x86_64 busybox cpio gzip
kernels=${KERNELS:-/var/cache/splitvif/kernel}
kernel=$(ls "$kernels"/boot/vmlinuz-* 2>/dev/null | tail -n 1)
driver=$(find "$kernels/lib/modules" -name 'e1000.ko*' 2>/dev/null | tail -n 1)
[ -n "$kernel" ] && [ -n "$driver" ] || skip "no kernel in $kernels; tools/setup qemu"

# initramfs PEER: busybox, the driver, and an init that says what it finds.
initramfs() {
	local root=$WORK/root
	mkdir -p "$root/bin" "$root/proc" "$root/dev"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$driver" "$root/"
	case $driver in *.xz) xz -d "$root/e1000.ko.xz" ;; esac
	cat >"$root/init" <<END_OF_INIT
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox insmod /e1000.ko || echo GUEST no driver
/bin/busybox ip addr add 10.77.0.50/24 dev eth0
/bin/busybox ip link set eth0 up
until /bin/busybox ping -c 1 -W 1 $1 >/dev/null; do :; done
echo GUEST pings \$(/bin/busybox ping -c 5 -i 1 $1 | /bin/busybox grep -c 'bytes from')
while :; do /bin/busybox sleep 3600; done
END_OF_INIT
	chmod +x "$root/init"
	(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$WORK/initrd"
}

said() {
	local i
	for i in $(seq 1800); do
		grep -q "$1" "$WORK/console" && return
		[ -d "/proc/$QEMU" ] || break
		sleep 0.1
	done
	fail "the VM does not say '$1': $(tail -n 20 "$WORK/console")"
}

daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a
a=$(vm_up a) || exit 1
"$FRONT" stream "$WORK/q.sock" --name q --ip 10.77.0.50 2>"$WORK/q.log" &
STREAMER=$!
until [ -S "$WORK/q.sock" ]; do sleep 0.02; done
initramfs "$a"
qemu-system-x86_64 -machine accel=tcg -cpu max -m 256 -nodefaults -display none -no-reboot \
	-kernel "$kernel" -initrd "$WORK/initrd" -append "console=ttyS0 quiet panic=-1" \
	-serial "file:$WORK/console" -device e1000,netdev=n,mac=00:16:3e:00:00:50 \
	-netdev "stream,id=n,server=off,addr.type=unix,addr.path=$WORK/q.sock" &
QEMU=$!
until [ -f "$WORK/console" ]; do sleep 0.02; done
said 'GUEST pings'
grep 'GUEST' "$WORK/console"
grep -q 'GUEST pings 5' "$WORK/console" || fail "pings of the VM's are lost"
expect "answers to a" "$(answered a 10.77.0.50 1500 20)" 20
expect "answers to the host" "$(answered host 10.77.0.50 84 20)" 20
"$CTL" domain-suspend q || fail "domain-suspend"
"$CTL" domain-resume q || fail "domain-resume"
expect "answers once resumed" "$(answered a 10.77.0.50 84 20)" 20
kill "$QEMU"
wait "$QEMU" 2>/dev/null
kill "$STREAMER"
wait "$STREAMER" || fail "the frontend ended with $?"
e2e_end
