#!/bin/sh
# Xen's xenstore-control on the store, which XENSTORED_PATH names.
set -u

# check NAME PATTERN COMMAND...: the command succeeds, with a line like that.
check() {
	name=$1 pattern=$2
	shift 2
	got=$("$@" 2>&1) && echo "$got" | grep -q "$pattern" || {
		printf 'FAILED %s\nexpected: %s\ngot:      %s\n' "$name" "$pattern" "$got"
		exit 1
	}
	echo "ok $name"
}

check "help" "check" xenstore-control help
check "check" "^OK$" xenstore-control check
check "quota" "^watches  *: *128$" xenstore-control quota
check "quota of a domain" "^nodes  *: *1$" xenstore-control quota 5
if xenstore-control live-update >/dev/null 2>&1; then
	echo "FAILED live-update: succeeded"
	exit 1
fi
echo "all passed"
