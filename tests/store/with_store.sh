#!/bin/sh
# with_store.sh STORE_STANDALONE COMMAND...: runs the command beside a store of
# its own. XENSTORED_PATH is domain 0's door, STORE_GUEST_PATH domain 5's.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
standalone=$1
shift
STORE_GUEST_PATH="$dir/guest.sock"
export STORE_GUEST_PATH
timeout 100 "$standalone" "0=$dir/store.sock" "5=$dir/guest.sock" -- "$@"
