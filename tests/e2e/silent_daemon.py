"""A daemon that falls silent. python3 silent_daemon.py RUNDIR QUESTIONS

Answers what `splitvif domain-migrate` asks of the place to go, and of the VM that
comes as many questions over its domain's and store's sockets, together, as it is
told to. Then it keeps everything open and says nothing more. It prints what it was
asked, a line a question; what `splitvif` told it is in RUNDIR/told, a line a command.
"""
import array, os, select, socket, struct, sys

rundir, patience = sys.argv[1], int(sys.argv[2])
os.makedirs(rundir, exist_ok=True)
READ, WRITE, MKDIR, DIRECTORY, WATCH, ERROR = 2, 11, 12, 1, 4, 16
names = {READ: "read", WRITE: "write", WATCH: "watch", DIRECTORY: "list"}
mac = open(os.path.join(rundir, "mac")).read().strip()
backend, frontend = "/local/domain/0/backend/vif/7/0", "/local/domain/7/device/vif/0"
nodes = {frontend + "/backend": backend, "device/vif/0/mac": mac, backend + "/state": "2",
         backend + "/feature-rx-copy": "1"}


def listen(name, kind):
    s = socket.socket(socket.AF_UNIX, kind)
    s.bind(os.path.join(rundir, name))
    s.listen()
    return s


def answers(question):
    """Whether it still does."""
    global patience
    print(question, "" if patience else "-", flush=True)
    answers_it = patience > 0
    patience -= answers_it
    return answers_it


def store(s, is_operator):
    head = s.recv(16, socket.MSG_WAITALL)
    if len(head) < 16:
        return False
    kind, request, transaction, length = struct.unpack("<IIII", head)
    words = s.recv(length, socket.MSG_WAITALL).split(b"\0") if length else [b""]
    path = words[0].decode()
    if not is_operator and not answers(f"{names.get(kind, kind)} {path}"):
        return True
    reply = b"OK\0"
    if kind == READ and path in nodes:
        reply = nodes[path].encode()
    elif kind == WRITE:
        nodes[path] = words[1].decode()
    elif kind in (READ, DIRECTORY):
        kind, reply = ERROR, b"ENOENT\0"
    s.sendall(struct.pack("<IIII", kind, request, transaction, len(reply)) + reply)
    return True


def domain(s):
    data, fds, flags, _ = socket.recv_fds(s, 4096, 4)
    for fd in fds:
        os.close(fd)
    if len(data) < 8:
        return False
    kind, version, seq = struct.unpack_from("<HHI", data)
    if not answers(f"domain {kind}"):
        return True
    head = struct.pack("<HHIi", kind | 0x8000, 1, seq, 0)
    if kind == 1:  # INTRODUCE
        ours, theirs = socket.socketpair()
        sources[ours] = lambda s=ours: store(s, False)
        socket.send_fds(s, [head + struct.pack("<H", 7)], [theirs.fileno()])
        theirs.close()
    elif kind == 6:  # VIF_CREATE
        s.send(head + struct.pack("<III6sHB3x16s", 0, 0, 0,
                                  bytes(int(x, 16) for x in mac.split(":")), 1500, 0, b"lab0"))
    elif kind == 2:  # EVTCHN_ALLOC_UNBOUND
        socket.send_fds(s, [head + struct.pack("<I", 1)], [os.eventfd(0), os.eventfd(0)])
    return True


def control(s):
    length, = struct.unpack("<I", s.recv(4, socket.MSG_WAITALL))
    words = s.recv(length, socket.MSG_WAITALL)
    with open(os.path.join(rundir, "told"), "ab") as told:
        told.write(words.replace(b"\0", b" ") + b"\n")
    s.sendall(struct.pack("<iI", 0, 0))
    return False


def accept(listener, serve):
    s = listener.accept()[0]
    sources[s] = lambda: serve(s)
    return True


sources = {}
for name, kind, serve in (("store.sock", socket.SOCK_STREAM, lambda s: store(s, True)),
                          ("ctl.sock", socket.SOCK_STREAM, control),
                          ("domain.sock", socket.SOCK_SEQPACKET, domain)):
    listener = listen(name, kind)
    sources[listener] = lambda l=listener, f=serve: accept(l, f)
while True:
    for s in select.select(list(sources), [], [])[0]:
        if s in sources and not sources[s]():
            del sources[s]
            s.close()
