#!/bin/bash
# Another splitvifd goes on in the place of the one that runs, TIMES times, the
# first time by SIGUSR2: under numbered frames whose sender waits for its receiver,
# and under TCP whose payload is checked. Nothing is lost, doubled or out of order,
# a client of the store keeps its watch, counters go on. Between them, those who
# ask and then refuse, vanish or speak another version: the old one goes on. Fails
# above DOWNTIME_MS. ENGINE as in ping.sh.
. "$(dirname "$0")/lib.sh"
e2e_begin pgrep nsenter python3 ping
times=${TIMES:-2}
options="--engine ${ENGINE:-auto} --workers 2 --queues 2
	--bridge xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24"

await() { # what, and the command that says whether it is so
	local what=$1
	shift
	until_true 30 "$@" || fail "$what: $(cat "$WORK"/*.log)"
}
has_moved() { # frames of the sender since then
	[ "$(stat gen tx_responses)" -gt $(($1 + 2000)) ]
}
has_arrived() { # much to b, in this life of the stream
	[ "$(stat b to_guest_bytes)" -gt $((arrived + 1000000)) ]
}
flows_on() {
	await "frames do not flow" has_moved "$(stat gen tx_responses)"
}
logged() {
	[ "$(grep -c "$1" "$WORK/daemon.log")" -ge "$2" ]
}
handed_over() {
	DAEMON=$(sed -n 's/.*handed over to pid=//p' "$WORK/daemon.log")
	[ -n "$DAEMON" ]
}
says() { # in that file
	grep -q "$2" "$1"
}

version=$(sed -n 's/.*STATE_VERSION = \([0-9]*\).*/\1/p' "$(dirname "$0")/../../src/io/state.h")

# takeover_client KIND: someone who asks for the state and does not go on with it.
takeover_client() {
	python3 - "$SPLITVIF_RUNDIR/takeover.sock" "$1" "$version" <<'END' || fail "the daemon and one who $1"
import array, os, socket, struct, sys
ANSWER = "iIQi"
path, kind, version = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(path)
s.settimeout(10)
version = int(version) + (kind == "is newer")
s.send(struct.pack("8sIi", b"splitvif", version, os.getpid()))
data, fds, flags, address = s.recvmsg(4096, 4096)
err, nr_fds, length, pid = struct.unpack_from(ANSWER, data)
reason = data[struct.calcsize(ANSWER):].split(b"\0")[0].decode()
if kind == "is newer":
    sys.exit(not (err < 0 and "another version" in reason))
ok = err == 0 and nr_fds > 10 and length > 1000
if kind == "says nonsense":
    s.send(b"what")
sys.exit(not ok) # else it vanishes
END
}

daemon $options
vm a --queues 2 && vm b
a=$(vm_up a) && b=$(vm_up b) || exit 1
"$FRONT" --name sink sink --credit --json >"$WORK/sink.json" 2>"$WORK/sink.log" &
sink=$!
await "the receiver is not there" is_connected sink
"$FRONT" --name gen gen --dst "$(show_field sink mac)" --credit --size 200 --json \
	>"$WORK/gen.json" 2>"$WORK/gen.log" &
gen=$!
await "the sender is not there" is_connected gen
"$CTL" store watch /probe >"$WORK/watch" 2>&1 &
watch=$!
await "no watch" says "$WORK/watch" probe
flows_on

# Those who do not go on.
for kind in "is newer" "vanishes" "says nonsense"; do
	takeover_client "$kind"
	flows_on
done
await "not refused" logged 'not taken over' 2
expect "refused" "$(grep -c 'not taken over' "$WORK/daemon.log")" 2
"$SPLITVIFD" --takeover --rundir "$WORK/nobody" 2>"$WORK/nobody.log" && fail "took over from nobody"
grep -q 'cannot take over: .*nobody/takeover.sock.*--takeover' "$WORK/nobody.log" ||
	fail "nobody: $(cat "$WORK/nobody.log")"

# An old one of another kind: the new one refuses, in one line.
mkdir -m 700 "$WORK/foreign"
python3 - "$WORK/foreign/takeover.sock" <<'END' &
import array, os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen()
peer = s.accept()[0]
peer.recv(4096)
state = struct.pack("8sIIQ", b"splitvif", 999, 0, 24)
fd = os.memfd_create("state")
os.write(fd, state)
answer = struct.pack("iIQi160s4x", 0, 0, len(state), 1, b"")
peer.sendmsg([answer], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
sys.exit(peer.recv(4096) != b"") # it hangs up and says nothing
END
foreign=$!
await "no foreign daemon" test -S "$WORK/foreign/takeover.sock"
"$SPLITVIFD" --takeover --rundir "$WORK/foreign" 2>"$WORK/foreign.log" && fail "took a foreign state"
wait $foreign || fail "the one who refuses says more"
grep -q 'cannot take over from pid 1, which goes on: it is of another version' \
	"$WORK/foreign.log" || fail "foreign: $(cat "$WORK/foreign.log")"

for i in $(seq "$times"); do
	old=$DAEMON
	arrived=$(stat b to_guest_bytes)
	stream_start a b "$b" "$i" "${BYTES:-300000000}"
	await "TCP does not flow" has_arrived
	if [ "$i" = 1 ]; then
		kill -USR2 "$old"
		await "no take-over" logged 'took over from' 1
		await "no take-over" handed_over
	else
		daemon --takeover $options --bridge inner,uplink=none # one more than before
	fi
	await "the old one stays" is_gone "$old"
	[ "$i" = 2 ] || wait "$old" || fail "the old one ended with $?"
	flows_on
	streams_end || fail "TCP: $(cat "$WORK"/*.sent "$WORK"/*.received)"
done
"$CTL" show | grep -q '^inner ' || fail "the new configuration's bridge is not there"
grep -h 'took over' "$WORK/daemon.log" | sed 's/.*took/took/'
# The machine, too, may stand still: if no limit is named, once is enough.
downtimes=$(sed -n 's/.*downtime=\([0-9]*\)\..*/\1/p' "$WORK/daemon.log" | sort -n)
judged=$(if [ "${DOWNTIME_MS-}" ]; then tail -n 1; else head -n 1; fi <<<"$downtimes")
[ "$judged" -lt "${DOWNTIME_MS:-1000}" ] || fail "down for $downtimes ms"

kill -INT $gen
wait $gen || fail "gen: $(cat "$WORK/gen.log")"
sent=$(sed -n 's/.*"sent": \([0-9]*\).*/\1/p' "$WORK/gen.json")
stats_at_rest | add_up || fail "see above"
kill -INT $sink
wait $sink || fail "sink: $(cat "$WORK/sink.log")"
"$CTL" store write /probe/x 1
await "the watch is lost" says "$WORK/watch" probe/x
kill $watch
expect "pings" "$(answered a 10.77.0.1 200 5)" 5
stats_at_rest | add_up || fail "see above"
python3 - "$WORK" <<'END' || fail "see above"
import json, sys
work = sys.argv[1]
gen, sink = (json.load(open(f"{work}/{name}.json")) for name in ("gen", "sink"))
print("gen:", gen)
print("sink:", {k: v for k, v in sink.items() if k != "senders"},
      "slowest frame %.1f ms" % (sink["senders"][0]["latency_max_us"] / 1e3))
ok = gen["errors"] == gen["lost"] == 0 and sink["received"] == gen["sent"]
ok = ok and not any(sink[k] for k in ("missing", "duplicates", "reordered", "corrupt"))
sys.exit(not ok)
END
e2e_end
