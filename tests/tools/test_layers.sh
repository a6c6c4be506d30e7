#!/bin/sh
# tools/layers against small trees: each case is a name, the expected exit
# status and files as "path:included,included".
set -eu

layers=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# case NAME STATUS FILE...
case_() {
	name=$1 expected=$2 status=0
	shift 2
	rm -rf "$tree/src"
	for file; do
		path=$tree/src/${file%%:*}
		mkdir -p "${path%/*}"
		printf '%s\n' "${file#*:}" | tr , '\n' | sed 's/.*/#include "&"/' >"$path"
	done
	output=$("$layers" "$tree" 2>&1) || status=$?
	[ "$status" -eq "$expected" ] && return
	echo "FAILED: $name: status $status instead of $expected: $output"
	failed=1
}

case_ "all arrows there are" 0 backend/vif.c:bridge/frame.h,ring/ring.h,store/tree.h,io/log.h \
	frontend/main.c:ring/ring.h,store/client.h,io/log.h,bridge/frame.h,bridge/port.h,bridge/tap.h \
	bridge/tap.h:io/engine.h ring/evtchn.h:io/signal.h bridge/fdb.c:bridge/fdb.h
case_ "ring does not know the bridge" 1 ring/ring.c:bridge/frame.h
case_ "ring knows io in evtchn only" 1 ring/grant.c:io/signal.h
case_ "bridge knows io in tap only" 1 bridge/bridge.c:io/engine.h
case_ "bridge does not know rings" 1 bridge/tap.c:ring/ring.h
case_ "store does not know rings" 1 store/tree.h:ring/ring.h
case_ "io knows nobody" 1 io/log.c:ring/barrier.h
case_ "roofs do not know each other" 1 backend/vif.c:frontend/netfront.h
case_ "nor the other way" 1 frontend/main.c:backend/table.h
case_ "the frontend has no bridge" 1 frontend/main.c:bridge/bridge.h
case_ "nothing includes tools" 1 backend/main.c:ctl/client.h
case_ "a header without its directory" 1 ring/ring.c:ring.h
case_ "a circle of two" 1 ring/a.h:ring/b.h ring/b.h:ring/a.h
case_ "a circle of three" 1 ring/a.h:ring/b.h ring/b.h:ring/c.h ring/c.h:ring/a.h
case_ "two ways to one header" 0 ring/a.h:ring/b.h,ring/c.h ring/b.h:ring/c.h
case_ "a .c file closes no circle" 0 ring/a.h:ring/b.h ring/b.c:ring/a.h,ring/b.h
rm -rf "$tree/src"
"$layers" "$tree" 2>/dev/null && { echo "FAILED: no src"; failed=1; }
exit "$failed"
