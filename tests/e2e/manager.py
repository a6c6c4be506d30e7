"""A service manager's half of sd_notify(3) and sd_listen_fds(3), and what the
daemon makes of it. Run by manager.sh."""
import array, os, select, signal, socket, struct, subprocess, sys, time

WORK, RUNDIR = os.environ["WORK"], os.environ["SPLITVIF_RUNDIR"]
KEPT = ["ctl.sock", "domain.sock", "store.sock", "xentap0"]
WATCHDOG_USEC, PATIENCE_S = 400000, 20


class Manager:
    def __init__(self):
        self.path = WORK + "/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.store, self.messages = [], []
        self.deaf = False  # to whoever is not the main process

    def start(self):
        """As systemd does: descriptors from 3 on, the rest in the environment."""
        self.messages = []
        handed = [fd for _, fd in self.store]
        self.pid = os.fork()
        if self.pid == 0:
            high = [os.dup(fd) for fd in handed]
            high = [fd if fd >= 3 + len(handed) else
                    __import__("fcntl").fcntl(fd, 0, 3 + len(handed)) for fd in high]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            os.closerange(3 + len(handed), 256)
            log = os.open(WORK + "/daemon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 2)
            os.close(log)
            os.environ.update(NOTIFY_SOCKET=self.path, WATCHDOG_USEC=str(WATCHDOG_USEC),
                              WATCHDOG_PID=str(os.getpid()))
            if handed:
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(handed)),
                                  LISTEN_FDNAMES=":".join(name for name, _ in self.store))
            daemon = os.environ["SPLITVIFD"]
            os.execv(daemon, [daemon, "--engine", os.environ["ENGINE"], "--bridge",
                              "xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24"])

    def hear(self, seconds):
        """One message, None if none comes."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        text, extra, _, _ = self.socket.recvmsg(4096, 1024)
        fds, sender = array.array("i"), None
        for level, kind, data in extra:
            if kind == socket.SCM_RIGHTS:
                fds.frombytes(data[:len(data) // 4 * 4])
            elif kind == socket.SCM_CREDENTIALS:
                sender = struct.unpack("iii", data)[0]
        lines = dict(line.split("=", 1) for line in text.decode().split("\n") if line)
        if self.deaf and sender != self.pid:
            for fd in fds:
                os.close(fd)
            return None
        check(sender == self.pid, f"{lines} comes from {sender}, not the main process {self.pid}")
        if lines.get("FDSTORE"):
            self.store += [(lines["FDNAME"], fd) for fd in fds]
        if lines.get("FDSTOREREMOVE"):
            for _, fd in filter(lambda kept: kept[0] == lines["FDNAME"], self.store):
                os.close(fd)
            self.store = [kept for kept in self.store if kept[0] != lines["FDNAME"]]
        self.messages.append(lines)
        return lines

    def await_line(self, key, value):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            lines = self.hear(0.5)
            if lines and lines.get(key) == value:
                return
        fail(f"no {key}={value}: {self.messages[-5:]}")

    def is_silent(self, seconds):
        """Whether in the end nothing comes for so long."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.hear(seconds) is None:
                return True
        return False

    def hand_over(self):
        """By SIGUSR2, until the main process says who follows it. That one is not heard
        before, as systemd has it."""
        old, self.deaf = self.pid, True
        os.kill(old, signal.SIGUSR2)
        end = time.monotonic() + PATIENCE_S
        while self.pid == old:
            check(time.monotonic() < end, f"no MAINPID: {self.messages[-5:]}")
            self.pid = int((self.hear(0.5) or {}).get("MAINPID", old))
        check(os.waitpid(old, 0)[1] == 0, "who gave way did not end well")
        self.deaf = False

    def data_process(self):
        return int(subprocess.check_output(["pgrep", "-P", str(self.pid)]))

    def kill(self):
        data = self.data_process()
        for pid in data, self.pid:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def log():
    return open(WORK + "/daemon.log").read()


def fail(why):
    sys.exit(f"FAIL: {why}\n{log()[-2000:]}")


def check(right, why):
    if not right:
        fail(why)


def link():
    return subprocess.run(["ip", "-o", "link", "show", "xentap0"], capture_output=True,
                          text=True).stdout


def ready(manager, vifs):
    manager.await_line("READY", "1")
    names = sorted(name for name, _ in manager.store)
    check(names == KEPT, f"kept when it is ready: {names}")
    check(os.path.exists(RUNDIR + "/domain.sock"), "ready without its sockets")
    manager.await_line("STATUS", f"{vifs} of {vifs} vifs connected")


manager = Manager()
manager.start()
ready(manager, 0)
vm = subprocess.Popen([os.environ["FRONT"], "run", "--name", "a", "--", "sleep", "infinity"],
                      stderr=subprocess.DEVNULL)
manager.await_line("STATUS", "1 of 1 vifs connected")
for _ in range(3):
    manager.await_line("WATCHDOG", "1")

# The parent alone does not keep the watchdog quiet.
data = manager.data_process()
os.kill(data, signal.SIGSTOP)
check(manager.is_silent(3 * WATCHDOG_USEC / 1e6), "it says that it works while it is stopped")
before, sockets = link(), os.stat(RUNDIR + "/ctl.sock").st_ino
manager.kill()

# Nobody is there; who asks waits, and is answered by the next one.
ask = subprocess.Popen([os.environ["CTL"], "--timeout", str(PATIENCE_S), "show"],
                       stdout=subprocess.PIPE, text=True)
check(link() and link().split(":")[0] == before.split(":")[0], f"the uplink is gone: {link()}")
manager.start()
ready(manager, 1)
check("xenbr0" in ask.communicate()[0] and ask.returncode == 0, "who asked is not answered")
check(link().split(":")[0] == before.split(":")[0], f"{before} became {link()}")
check(os.stat(RUNDIR + "/ctl.sock").st_ino == sockets, "the socket is another one")
check("nobody wants" not in log(), "something that was kept is not taken")

# In order: it says so, its sockets and its TAP stay with who keeps them.
os.kill(manager.pid, signal.SIGTERM)
manager.await_line("STOPPING", "1")
check(os.waitpid(manager.pid, 0)[1] == 0, "it did not end well")
check(os.path.exists(RUNDIR + "/ctl.sock") and link(), "what is kept is removed")

# What is no longer what it was is let go: a socket without its file, a pipe.
os.unlink(RUNDIR + "/store.sock")
manager.store.append(("junk", os.pipe()[0]))
manager.start()
ready(manager, 1)
check("nobody wants 'junk'" in log() and "nobody wants 'store.sock'" in log(), "nothing is said")

# Another process goes on in its place, and the manager knows which: the parent, which
# is heard from then on.
before, data = manager.pid, manager.data_process()
manager.hand_over()
check(manager.pid not in (before, data), f"MAINPID={manager.pid} is the old one")
check(b"--takeover" in open(f"/proc/{manager.pid}/cmdline", "rb").read(),
      f"MAINPID={manager.pid} is not who took over")
check(f"handed over to pid={manager.pid}" in log() and manager.data_process() != data,
      f"MAINPID={manager.pid} is not the parent")
for _ in range(2):
    manager.await_line("WATCHDOG", "1")
manager.await_line("STATUS", "1 of 1 vifs connected")
vm.kill()
os.kill(manager.pid, signal.SIGTERM)
check(os.waitpid(manager.pid, 0)[1] == 0, "it did not end well")
for _, fd in manager.store:
    os.close(fd)
check(not link(), f"the uplink is left: {link()}")
