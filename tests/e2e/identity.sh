#!/bin/bash
# Who is who in the store: the operator's socket serves root and the daemon's own
# user whatever its mode says; a domain's number is its alone, and leaves nothing.
. "$(dirname "$0")/lib.sh"
e2e_begin xenstore-ls setpriv pgrep nsenter python3
chmod 755 "$WORK"
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock

# as UID COMMAND...: somebody else.
as() {
	local uid=$1
	shift
	timeout 20 setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}

# toolstack TYPE WORD...: a message of domain 0; prints the answer, and fails on
# an error. Xen's numbers: 8 INTRODUCE, 9 RELEASE, 17 IS_DOMAIN_INTRODUCED.
toolstack() {
	python3 - "$@" <<-'END'
	import os, socket, struct, sys
	payload = "".join(word + "\0" for word in sys.argv[2:]).encode()
	store = socket.socket(socket.AF_UNIX)
	store.connect(os.environ["XENSTORED_PATH"])
	store.sendall(struct.pack("<4I", int(sys.argv[1]), 1, 0, len(payload)) + payload)
	type, _, _, length = struct.unpack("<4I", store.recv(16, socket.MSG_WAITALL))
	print(store.recv(length, socket.MSG_WAITALL).decode().rstrip("\0"))
	sys.exit(type == 16)
	END
}

daemon --bridge xenbr0,uplink=none --allow-uid 12345
chmod 666 "$SPLITVIF_RUNDIR"/*.sock
xenstore-ls >/dev/null || fail "root is not served"
for uid in 12345 54321 65534; do
	as $uid xenstore-ls >/dev/null 2>&1 && fail "uid $uid is domain 0"
	as $uid "$CTL" store ls >/dev/null 2>&1 && fail "uid $uid is domain 0 by our own tool"
	as $uid "$CTL" show >/dev/null 2>&1 && fail "uid $uid may command"
done
xenstore-ls >/dev/null || fail "root is served no more"

# A number introduced by message is nobody else's; what has gone leaves nothing.
vm a --ip 10.1.1.1/24
vm_up a >/dev/null
domid=$(show_field a vif | sed 's/vif\([0-9]*\)\.0/\1/')
toolstack 8 $((domid + 1)) 1 1 >/dev/null || fail "introduce by message"
xenstore-write /shared x && xenstore-chmod /shared n0 "b$domid" r7
vm b --ip 10.1.1.2/24
vm_up b >/dev/null
[ "$(show_field b vif)" = "vif$((domid + 2)).0" ] || fail "b is $(show_field b vif)"
kill -9 "$(cat "$WORK/a.pid")"
has_gone() {
	[ -z "$(show_field a state)" ]
}
until_true 30 has_gone || fail "a stays: $("$CTL" show)"
xenstore-ls -f -p | grep -E "\(.*[nrwb]$domid[,)]|/domain/$domid/|vif/$domid" &&
	fail "that is left of domain $domid"
xenstore-ls -f -p | grep -q '^/shared = "x" *(n0,r7)' || fail "others' rights went with it"
[ "$(toolstack 17 "$domid")" = F ] || fail "$domid is still there"

# The operator may end a domain's life in the store; its frontend comes again.
ends=$(show_field b vif)
toolstack 9 $((domid + 2)) >/dev/null || fail "release by message"
is_new() {
	is_connected b && [ "$(show_field b vif)" != "$ends" ]
}
until_true 30 is_new || fail "b did not come again: $("$CTL" show; cat "$WORK/b.log")"
toolstack 9 $((domid + 1)) >/dev/null || fail "release of a domain without connection"
"$CTL" store ls -f | grep "/domain/$((domid + 2))[/ ]" && fail "that is left of b's first life"
e2e_end
