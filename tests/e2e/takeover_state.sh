#!/bin/bash
# What a daemon that goes on in the place of another has to know: how much of its
# rate a guest has used up, the TAP that is a vif's own, transactions that are open,
# a conflict in one of them, a request that came by half. TIMES take-overs follow
# one another, the first by SIGUSR2. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin python3 ip ping pgrep nsenter
times=${TIMES:-5}
cat >"$WORK/conf" <<END
[daemon]
engine = ${ENGINE:-auto}
[bridge xenbr0]
uplink = none
[vif g.0]
rate = 20Mb/s@100ms
END
daemon --config "$WORK/conf"
vm a
"$FRONT" sink --name s --mac 00:16:3e:00:00:02 --json >"$WORK/sink" 2>"$WORK/s.log" &
sink=$!
is_up() { [ "$(show_field "$1" state)" = Connected ]; }
until_true 20 is_up a && until_true 20 is_up s || fail "$("$CTL" show)"
"$CTL" network-attach a type=own-tap,vifname=own0,ip=10.99.0.2/24 >/dev/null || fail "no own TAP"
ip addr add 10.99.0.1/24 dev own0
has_eth1() { in_vm a ip addr show dev eth1 | grep -q 10.99.0.2; }
until_true 20 has_eth1 || fail "no eth1: $(cat "$WORK/a.log")"
over_own() {
	ping -q -c 1 -i 0.1 -w 20 10.99.0.2 >/dev/null || fail "no ping over own0"
}
over_own
index=$(cat /sys/class/net/own0/ifindex)
"$FRONT" gen --name g --dst 00:16:3e:00:00:02 --size 1000 --json >"$WORK/gen" 2>"$WORK/g.log" &
gen=$!
waits() { [ "$(stat g tx_credit_waits)" -gt 1 ]; }
until_true 20 waits || fail "g does not wait: $("$CTL" show)"

# A client that stops within a message, with two transactions open.
mkfifo "$WORK/go"
python3 - "$SPLITVIF_RUNDIR/store.sock" "$WORK/go" >"$WORK/client" 2>&1 <<'END' &
import socket, struct, sys

READ, START, STOP, WRITE = 2, 6, 7, 11


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(20)
    return s


def request(kind, transaction, payload):
    return struct.pack("<IIII", kind, 1, transaction, len(payload)) + payload


def answer(s):
    kind, number, transaction, length = struct.unpack("<IIII", s.recv(16, socket.MSG_WAITALL))
    return s.recv(length, socket.MSG_WAITALL)


def ask(s, kind, transaction, payload):
    s.sendall(request(kind, transaction, payload))
    return answer(s)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got}, not {wanted}")


cut, sound, stale = connect(), connect(), connect()
ask(cut, WRITE, 0, b"/t/seen\0before")
ask(cut, WRITE, 0, b"/one\0")
one = int(ask(sound, START, 0, b"\0").strip(b"\0"))
ask(sound, WRITE, one, b"/one/mine\0kept")
two = int(ask(stale, START, 0, b"\0").strip(b"\0"))
expect("read", ask(stale, READ, two, b"/t/seen\0"), b"before")
half = request(WRITE, 0, b"/t/whole\0" + b"x" * 200)
cut.sendall(half[:100])
print("ready", flush=True)
open(sys.argv[2]).read()
expect("the rest", (cut.sendall(half[100:]), answer(cut))[1], b"OK\0")
expect("whole", ask(cut, READ, 0, b"/t/whole\0"), b"x" * 200)
expect("uncommitted", ask(cut, READ, 0, b"/one/mine\0"), b"ENOENT\0")
ask(cut, WRITE, 0, b"/t/seen\0after")
expect("own write", ask(sound, READ, one, b"/one/mine\0"), b"kept")
expect("commit", ask(sound, STOP, one, b"T\0"), b"OK\0")
expect("committed", ask(cut, READ, 0, b"/one/mine\0"), b"kept")
expect("snapshot", ask(stale, READ, two, b"/t/seen\0"), b"before")
ask(stale, WRITE, two, b"/t/lost\0x")
expect("conflict", ask(stale, STOP, two, b"T\0"), b"EAGAIN\0")
expect("nothing of it", ask(cut, READ, 0, b"/t/lost\0"), b"ENOENT\0")
END
client=$!
until_true 20 grep -q ready "$WORK/client" || fail "the client: $(cat "$WORK/client")"

# The backend's own clock beside what it took of g so far: "FRAMES MS".
taken() {
	"$CTL" ring g | awk '/^req prod/ && !n { n = $6 } /now:/ { print n, $NF }'
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }
logged() { [ "$(grep -c 'took over from' "$WORK/daemon.log")" -ge "$1" ]; }
over=0
take_over() {
	local old=$DAEMON
	over=$((over + 1))
	if [ $over = 1 ]; then
		kill -USR2 "$old"
		until_true 20 logged 1 || fail "no take-over"
		DAEMON=$(sed -n 's/.*handed over to pid=//p' "$WORK/daemon.log")
	else
		daemon --takeover --config "$WORK/conf"
	fi
	until_true 20 is_gone "$old" || fail "the old one stays"
}
# A guest that got a new interval's credit with each daemon would send far more; one
# that lost its own, less. A busy machine may let neither side run for a while, so
# that once the lower bound must hold, and always the upper.
for round in 1 2 3 4; do
	read -r frames0 ms0 < <(taken)
	for i in $(seq "$times"); do take_over; done
	sleep 0.5
	read -r frames ms < <(taken)
	kb=$((frames - frames0)) ms=$((ms - ms0))
	echo "$times take-overs: $kb KB in $ms ms at 2500 KB/s"
	[ $((kb * 10)) -le $((25 * ms * 11 / 10 + 2500)) ] || fail "its credit is new each time"
	[ $((kb * 10)) -ge $((25 * ms * 9 / 10 - 2500)) ] && break
	[ $round -lt 4 ] || fail "its credit is lost each time"
done
grep -h 'took over' "$WORK/daemon.log" | sed 's/.*downtime=/downtime /' | sort | uniq -c

over_own
expect "own0's index" "$(cat /sys/class/net/own0/ifindex)" "$index"
echo >"$WORK/go"
wait $client || fail "the client: $(cat "$WORK/client")"
kill -TERM $gen && wait $gen || fail "gen: $(cat "$WORK/gen")"
sent=$(sed -n 's/.*"sent": \([0-9]*\).*/\1/p' "$WORK/gen")
kill -TERM $sink && wait $sink || fail "sink: $(cat "$WORK/sink")"
expect "what arrives" "$(sed 's/, "corrupt.*//' "$WORK/sink")" \
	"{\"received\": $sent, \"bytes\": ${sent}000, \"missing\": 0, \"duplicates\": 0, \"reordered\": 0"
e2e_end
