#!/bin/sh
# Debian's xenstore-utils against the store: run by store_standalone, which sets
# XENSTORED_PATH. Each check prints its name; the first that fails ends it.
set -u

for tool in ls read write rm list exists chmod watch; do
	command -v "xenstore-$tool" >/dev/null || {
		echo "skipped: xenstore-$tool is missing (apt-get install xenstore-utils)"
		exit 77
	}
done

# check NAME EXPECTED COMMAND...: the command's output is as expected.
check() {
	name=$1 expected=$2
	shift 2
	got=$("$@" 2>&1)
	if [ "$got" != "$expected" ]; then
		printf 'FAILED %s\nexpected: %s\ngot:      %s\n' "$name" "$expected" "$got"
		exit 1
	fi
	echo "ok $name"
}

# list ARGUMENT...: xenstore-ls with the filling before permissions taken out.
list() {
	timeout 60 xenstore-ls "$@" | sed 's/[ .]* (\([a-z0-9,]*\))$/ (\1)/'
}

# refuse NAME COMMAND...: the command fails.
refuse() {
	name=$1
	shift
	if timeout 60 "$@" >/dev/null 2>&1; then
		echo "FAILED $name: succeeded"
		exit 1
	fi
	echo "ok $name"
}

check "write" "" xenstore-write /tool/a one /tool/b/c two
check "read" "one" xenstore-read /tool/a
check "read several" "one
two" xenstore-read /tool/a /tool/b/c
check "list" "a
b" xenstore-list /tool
check "exists" "" xenstore-exists /tool/b/c
refuse "exists not" xenstore-exists /tool/none
refuse "read of nothing" xenstore-read /tool/none
check "ls" 'a = "one"
b = ""
 c = "two"' xenstore-ls /tool
check "ls -f -p" '/tool/a = "one" (n0)
/tool/b = "" (n0)
/tool/b/c = "two" (n0)' list -f -p /tool
check "chmod" "" xenstore-chmod /tool/a n0 r5
check "ls -p after chmod" '/tool/a = "one" (n0,r5)
/tool/b = "" (n0)
/tool/b/c = "two" (n0)' list -f -p /tool
check "chmod -r" "" xenstore-chmod -r /tool/b r0
check "ls -p after chmod -r" '/tool/b/c = "two" (r0)' list -f -p /tool/b
check "rm" "" xenstore-rm /tool/b
refuse "removed" xenstore-exists /tool/b/c
check "rm of several" "" xenstore-rm /tool/a
check "write of several bytes" "" xenstore-write /tool/raw 'tab\tnl\n\001'
check "read" 'tab\tnl\n\001' xenstore-read /tool/raw
check "read -R" "$(printf 'tab\tnl\n\001')" xenstore-read -R /tool/raw
check "write -R" "" xenstore-write -R /tool/raw 'no\tab'
check "read of raw" 'no\\tab' xenstore-read -s /tool/raw
check "read -p" '/tool/raw: no\\tab' xenstore-read -p /tool/raw
check "list -p" "/tool/raw" xenstore-list -p /tool
check "chmod -u" "" xenstore-write /tool/deep/er x
check "chmod -u sets parents" "" xenstore-chmod -u /tool/deep/er r0
check "ls -p after chmod -u" '/tool/deep = "" (r0)
/tool/deep/er = "x" (r0)
/tool/raw = "no\\tab" (n0)' list -f -p /tool
check "rm -t" "" xenstore-rm -t /tool/deep/er
refuse "rm -t took the parent" xenstore-exists /tool/deep
check "rm after it" "" xenstore-rm -s /tool/raw
refuse "list of nothing" xenstore-list /tool/none
refuse "chmod of nothing" xenstore-chmod /tool/none n0
refuse "rm without a parent" xenstore-rm /tool/none/x
refuse "a bad path" xenstore-write "/a b" x
check "watch: the first event" "/tool/w" xenstore-watch -n 1 /tool/w

out=$(mktemp) || exit 1
timeout 60 xenstore-watch -n 3 /tool/w >"$out" &
watcher=$!
for _ in $(seq 300); do
	[ -s "$out" ] && break
	sleep 0.1
done
xenstore-write /tool/w/x 1
xenstore-rm /tool/w
wait "$watcher"
check "watch: changes" "/tool/w
/tool/w/x
/tool/w" cat "$out"
rm -f "$out"

# The same clients as a guest.
if [ -n "${STORE_GUEST_PATH:-}" ]; then
	export XENSTORED_PATH="$STORE_GUEST_PATH"
	check "guest: relative write" "" xenstore-write data/x hello
	check "guest: absolute read" "hello" xenstore-read /local/domain/5/data/x
	check "guest: owns it" 'x = "hello" (n5)' list -p data
	refuse "guest: others' nodes" xenstore-read /tool/w
	refuse "guest: others' places" xenstore-write /tool/w 1
fi
echo "all passed"
