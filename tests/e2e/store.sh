#!/bin/bash
# The stock store clients see a connected vif: both states 4; a stranger sees
# nothing, the guest only what is its own.
. "$(dirname "$0")/lib.sh"
e2e_begin xenstore-ls nsenter pgrep
daemon --bridge xenbr0,uplink=none
vm a --ip 10.1.1.1/24
until_true 30 is_connected a || fail "a: $(cat "$WORK/a.log")"
export XENSTORED_PATH=$SPLITVIF_RUNDIR/store.sock
xenstore-ls -f >"$WORK/ls" || fail "xenstore-ls"
grep /vif/ "$WORK/ls"
domid=$(sed -n 's|^/local/domain/\([1-9][0-9]*\)/name = "a"|\1|p' "$WORK/ls")
grep -q "^/local/domain/0/backend/vif/$domid/0/state = \"4\"" "$WORK/ls" || fail "backend's state"
grep -q "^/local/domain/$domid/device/vif/0/state = \"4\"" "$WORK/ls" || fail "frontend's state"
xenstore-ls -f -p | grep -q "/device/vif/0/state = \"4\" *(n$domid,r0)" ||
	fail "permissions: $(xenstore-ls -f -p | grep device/vif)"

# The toolstack takes the device away: the backend lets go, nothing comes back.
xenstore-write "/local/domain/0/backend/vif/$domid/0/state" 5 \
	"/local/domain/0/backend/vif/$domid/0/online" 0
is_removed() {
	! xenstore-ls -f | grep "backend/vif/$domid/0"
}
until_true 30 is_removed || fail "the device was not removed"
e2e_end
