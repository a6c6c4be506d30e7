#!/bin/sh
# splitvif_store.sh SPLITVIF: `splitvif store` on the store that XENSTORED_PATH
# names, and beside Debian's xenstore-* tools where they are: the same words give
# the same output. Each check prints its name; the first that fails ends it.
set -u
splitvif=$1
rundir=$(dirname "$XENSTORED_PATH")

store() {
	timeout 60 "$splitvif" --rundir "$rundir" store "$@"
}

# check NAME EXPECTED COMMAND...: the output, both streams, is as expected.
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

# refuse NAME STATUS LINE COMMAND...: it ends so, with one line that begins so.
refuse() {
	name=$1 status=$2 line=$3
	shift 3
	got=$("$@" 2>&1 >/dev/null)
	ended=$?
	case $got in
	"splitvif: $line"*) ;;
	*) ended="$ended, $got" ;;
	esac
	if [ "$ended" != "$status" ] || [ "$(echo "$got" | wc -l)" != 1 ]; then
		printf 'FAILED %s: %s\n' "$name" "$ended"
		exit 1
	fi
	echo "ok $name"
}

check "write" "" store write /s/a one /s/b/c two
check "read" "one
two" store read /s/a /s/b/c
check "read -p" "/s/a: one" store read -p /s/a
check "list" "a
b" store list /s
check "list -p" "/s/a
/s/b" store list -p /s
check "ls" 'a = "one"
b = ""
 c = "two"' store ls /s
check "ls -f -p" '/s/a = "one" (n0)
/s/b = "" (n0)
/s/b/c = "two" (n0)' store ls -fp /s
check "ls of everything" '/s/a = "one"' sh -c '"$@" | grep /s/a' sh "$splitvif" \
	--rundir "$rundir" store ls -f
check "chmod" "" store chmod /s/b n0 r5
check "chmod -r" "" store chmod -r /s/b r0
check "ls -p after chmod" '/s/b/c = "two" (r0)' store ls -fp /s/b
check "chmod -u" "" store chmod -u /s/b/c b0
check "ls -p after chmod -u" '/s/a = "one" (n0)
/s/b = "" (b0)
/s/b/c = "two" (b0)' store ls -f -p /s
check "exists" "" store exists /s/a /s/b
store exists /s/none
check "exists not" 1 echo $?
check "rm" "" store rm /s/b
check "rm of what is not there" "" store rm /s/b
check "rm -t" "" store write /t/u/v x
check "rm -t takes empty parents" "" store rm -t /t/u/v
store exists /t
check "rm -t took them" 1 echo $?
check "watch -n" "/s/w" store watch -n 1 /s/w
check "all or none" "" sh -c '"$@" 2>/dev/null || :' sh "$splitvif" --rundir "$rundir" \
	store write /none/a x "/b a d" y
store exists /none/a
check "none it was" 1 echo $?

out=$(mktemp) || exit 1
store watch -n 3 /s/w >"$out" &
watcher=$!
for _ in $(seq 300); do
	[ -s "$out" ] && break
	sleep 0.1
done
store write /s/w/x 1
store rm /s/w
wait "$watcher"
check "watch" "/s/w
/s/w/x
/s/w" cat "$out"
rm -f "$out"

json() {
	timeout 60 "$splitvif" --json --rundir "$rundir" store "$@"
}
check "read --json" '[{"path":"/s/a","value":"one"}]' json read /s/a
check "ls --json" '[{"path":"/s/a","value":"one","permissions":"n0"}]' json ls -p /s
check "list --json" '[{"parent":"/s","name":"a"}]' json list /s
check "watch --json" '{"path":"/s/w"}' json watch -n 1 /s/w
check "write --json" "" json write /s/a one

refuse "no such node" 4 "cannot read: /s/none: no such node;" store read /s/none
refuse "no parent" 4 "cannot rm: /s/none/x: no such node;" store rm /s/none/x
refuse "no path" 2 "cannot write: /s//x: no path" store write /s//x 1
refuse "no value" 2 "wrong arguments for 'store write'; usage: splitvif store write" store write /s/a
refuse "unknown option" 2 "wrong arguments for 'store read'" store read -t /s/a
refuse "no count" 2 "wrong arguments for 'store watch'" store watch -n x /s/a
refuse "unknown verb" 2 "unknown verb 'store frob'; there are ls," store frob
refuse "no verb" 2 "unknown verb 'store '" store
refuse "no permissions" 2 "cannot chmod: /s/a: no path or no permissions" store chmod /s/a x0
refuse "too long" 1 "cannot write: /s/a: too long" store write /s/a "$(printf '%5000s' x)"
refuse "no daemon" 3 "daemon not running (no socket at /nonexistent/store.sock);" \
	"$splitvif" --rundir /nonexistent store ls

command -v xenstore-read >/dev/null || {
	echo "all passed, without xenstore-utils to compare with"
	exit 0
}
# same ARGUMENT...: both print the same; xenstore-ls fills up before permissions.
same() {
	check "same as xenstore-$*" "$(verb=$1 && shift && "xenstore-$verb" "$@" 2>&1 |
		sed 's/"[ .]* (\([a-z0-9,]*\))$/" (\1)/')" store "$@"
}

check "bytes" "" store write /s/bytes 'tab\tnl\ncr\rback\\one\001high\xc3\377eight\10x"quote'
same read /s/bytes
same read -R /s/bytes
same read -p /s/bytes /s/a
same ls /s
same ls /
same ls -f -p /
same list /local /s
same list -p /s
check "bytes by xenstore-write" "" xenstore-write /s/other \
	'tab\tnl\ncr\rback\\one\001high\xc3\377eight\10x"quote\8'
check "the same bytes" "$(store read /s/bytes)8" store read /s/other
echo "all passed"
