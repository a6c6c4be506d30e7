#!/bin/bash
# A guest behind a stream socket: splitvif-front listens, or connects. The guest is a
# script that answers ARP and pings, byte by byte if told to; the host and another VM
# ping it. It goes and comes back, says impossible things, and stops reading for a while.
. "$(dirname "$0")/lib.sh"
e2e_begin ip ping pgrep nsenter python3
peer=$(dirname "$0")/stream_peer.py

# guest PATH HOW [PIECE]: 10.77.0.9 behind that socket, once it is connected.
guest() {
	: >"$WORK/peer"
	python3 "$peer" "$1" "$2" 10.77.0.9 52:54:00:00:00:09 ${3-} >"$WORK/peer" &
	GUEST=$!
	until_true 30 grep -q up "$WORK/peer" || fail "no guest at $1"
}

guest_end() {
	kill "$GUEST" 2>/dev/null
	wait "$GUEST" 2>/dev/null
}

# front NAME OPTION...
front() {
	local name=$1
	shift
	"$FRONT" -v stream --name "$name" --ip 10.77.0.9 "$@" 2>>"$WORK/$name.log" &
	STREAMER=$!
}

answers() {
	expect "answers to $1 $2" "$(answered "$1" 10.77.0.9 "$3" "$4")" "$4"
}

until_said() {
	until_true 30 grep -q "$1" "$WORK/s.log" || fail "no '$1': $(cat "$WORK/s.log")"
}

daemon --engine "${ENGINE:-auto}" --bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24
vm a
vm_up a >/dev/null || exit 1
front s "$WORK/guest.sock"
vm_up s >/dev/null
until_true 30 test -S "$WORK/guest.sock" || fail "no socket"
expect "others may not connect" "$(command stat -c %a "$WORK/guest.sock")" 700
"$FRONT" stream --name t "$WORK/guest.sock" 2>"$WORK/t.log" && fail "two at one socket"
grep -q 'cannot listen: .*guest.sock: Address already in use; name another' "$WORK/t.log" ||
	fail "two at one socket: $(cat "$WORK/t.log")"
guest "$WORK/guest.sock" connect
answers host "the first time" 84 5
answers a "the first time" 1500 5
guest_end
until_said 'the guest hung up; waiting for the next one'
guest "$WORK/guest.sock" connect 1
answers a "byte by byte" 300 5
guest_end

# A length that cannot be costs the connection, and nothing else.
python3 - "$WORK/guest.sock" <<'END_OF_PYTHON' || fail "it is not hung up on"
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"\xff\xff\xff\xff")
s.settimeout(20)
while s.recv(65536):
    pass
END_OF_PYTHON
until_said 'a frame of more than 65535 bytes; waiting for the next one'
guest "$WORK/guest.sock" connect
answers host "after that" 84 5

# Suspended and resumed it is announced by its own MAC, which the bridge learns.
"$CTL" domain-suspend s || fail "domain-suspend"
"$CTL" domain-resume s || fail "domain-resume"
is_learned() {
	"$CTL" fdb show | grep -q '^52:54:00:00:00:09 *s.0'
}
until_true 30 is_learned || fail "not learned: $("$CTL" fdb show)"
answers a "resumed" 84 5

# A guest that does not read: what its socket cannot take is not taken out of the ring,
# and lost before it was copied. When it reads again it goes on as before.
kill -STOP "$GUEST"
"$FRONT" gen --name flood --dst 52:54:00:00:00:09 --size 1514 --count 20000 >/dev/null ||
	fail "gen"
[ "$(stat s to_guest_drops_early)" -gt 0 ] || fail "nothing was dropped: $("$CTL" stats)"
kill -CONT "$GUEST"
reaches host 10.77.0.9 || fail "no answer when it reads again"
answers host "reading again" 84 5
stats_at_rest | add_up || fail "see above"
expect "dropped late" "$(stat s to_guest_drops_late)" 0
kill "$STREAMER"
wait "$STREAMER" || fail "the frontend ended with $?"
grep -q 'waited [1-9][0-9]* times for the guest' "$WORK/s.log" ||
	fail "it did not wait: $(tail -n 1 "$WORK/s.log")"
[ -e "$WORK/guest.sock" ] && fail "the socket is left"
guest_end

# The other way round: it connects, once there is something to connect to.
front s --connect "$WORK/other.sock"
vm_up s >/dev/null
guest "$WORK/other.sock" listen 7
answers a "connected to" 900 5
kill "$STREAMER"
wait "$STREAMER" || fail "the frontend ended with $?"
guest_end
e2e_end
