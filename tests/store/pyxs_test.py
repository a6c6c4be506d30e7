#!/usr/bin/python3
"""pyxs, a client in Python, against the store: run by store_standalone, which
sets XENSTORED_PATH (domain 0) and is told STORE_GUEST_PATH (domain 5)."""

import errno
import os
import sys

try:
    import pyxs
except ImportError:
    print("skipped: pyxs is missing (apt-get install python3-pyxs)")
    sys.exit(77)

HOST = os.environ["XENSTORED_PATH"]
GUEST = os.environ["STORE_GUEST_PATH"]


def connect(path=HOST):
    client = pyxs.Client(unix_socket_path=path)
    client.SU = path == HOST  # it would look for a hypervisor to know
    return client


def refuse(number, call, *args):
    try:
        call(*args)
    except pyxs.PyXSError as error:
        assert error.args[0] == number, error
    else:
        raise AssertionError("%s%r succeeded" % (call.__name__, args))


def test_values():
    with connect() as c:
        c.write(b"/v/a", b"one")
        assert c.read(b"/v/a") == b"one"
        assert c[b"/v/a"] == b"one"
        c.mkdir(b"/v/b/c")
        assert c.list(b"/v") == [b"a", b"b"]
        assert c.exists(b"/v/b/c") and not c.exists(b"/v/x")
        assert c.read(b"/v/x", b"default") == b"default"
        refuse(errno.ENOENT, c.read, b"/v/x")
        assert [top for top, _, _ in c.walk(b"/v")] == [b"/v", b"/v/a", b"/v/b", b"/v/b/c"]
        c.delete(b"/v/b")
        assert not c.exists(b"/v/b/c")
        refuse(errno.ENOENT, c.delete, b"/v/b/c")


def test_permissions():
    with connect() as c, connect(GUEST) as guest:
        c.write(b"/p/perms", b"x")
        assert c.get_perms(b"/p/perms") == [b"n0"]
        refuse(errno.EACCES, guest.read, b"/p/perms")
        c.set_perms(b"/p/perms", [b"n0", b"r5"])
        assert c.get_perms(b"/p/perms") == [b"n0", b"r5"]
        assert guest.read(b"/p/perms") == b"x"
        refuse(errno.EACCES, guest.write, b"/p/perms", b"y")
        guest.write(b"mine", b"m")
        assert c.get_perms(b"/local/domain/5/mine") == [b"n5"]
        refuse(errno.EPERM, guest.set_perms, b"mine", [b"n0"])


def test_domains():
    with connect() as c, connect(GUEST) as guest:
        assert c.get_domain_path(5) == b"/local/domain/5"
        assert c.is_domain_introduced(5) and not c.is_domain_introduced(6)
        refuse(errno.EACCES, guest.introduce_domain, 6, 1, 1)
        refuse(errno.EACCES, guest.is_domain_introduced, 5)
        c.introduce_domain(9, 1, 1)
        assert c.is_domain_introduced(9)
        refuse(errno.EINVAL, c.introduce_domain, 10, 1, 0)
        c.resume_domain(9)
        c.release_domain(9)
        assert not c.is_domain_introduced(9)
        refuse(errno.ENOENT, c.release_domain, 9)


def test_targets():
    with connect() as c, connect(GUEST) as guest:
        c.introduce_domain(8, 1, 1)
        c.write(b"/p/target", b"x")
        c.set_perms(b"/p/target", [b"n8"])
        refuse(errno.EACCES, guest.read, b"/p/target")
        c.set_target(5, 8)
        assert guest.read(b"/p/target") == b"x"


def test_quotas():
    with connect(GUEST) as guest:
        guest.write(b"big", b"v" * 2040)
        refuse(errno.ENOSPC, guest.write, b"big", b"v" * 2041)
        guest.delete(b"big")
        monitor = guest.monitor()
        for i in range(128):
            monitor.watch(b"data", b"%d" % i)
        refuse(errno.E2BIG, monitor.watch, b"data", b"more")


def test_transactions():
    with connect() as a, connect() as b:
        a.write(b"/p/t", b"0")
        assert a.transaction() == 1
        a.write(b"/p/t", b"1")
        a.write(b"/p/new", b"n")
        assert b.read(b"/p/t") == b"0"
        assert a.commit()
        assert b.read(b"/p/t") == b"1" and b.read(b"/p/new") == b"n"

        a.transaction()
        a.write(b"/p/t", b"2")
        a.rollback()
        assert b.read(b"/p/t") == b"1"

        a.transaction()
        assert a.read(b"/p/t") == b"1"
        a.write(b"/p/new", b"lost")
        b.write(b"/p/t", b"3")
        assert not a.commit()
        assert b.read(b"/p/new") == b"n"

        a.transaction()
        a.write(b"/p/new", b"kept")
        b.write(b"/p/t", b"4")
        assert a.commit()
        assert b.read(b"/p/new") == b"kept"


def test_watches():
    with connect() as a, connect() as b:
        monitor = a.monitor()
        monitor.watch(b"/p/w", b"token")
        events = monitor.wait()
        assert next(events) == (b"/p/w", b"token")
        b.write(b"/p/w/x", b"1")
        assert next(events) == (b"/p/w/x", b"token")
        b.transaction()
        b.write(b"/p/w/y", b"1")
        b.write(b"/p/w/z", b"1")
        assert b.commit()
        assert next(events) == (b"/p/w/y", b"token")
        assert next(events) == (b"/p/w/z", b"token")
        b.delete(b"/p/w")
        assert next(events) == (b"/p/w", b"token")
        monitor.unwatch(b"/p/w", b"token")
        refuse(errno.ENOENT, a.ack, 5, b"/p/w\0", b"token\0")


def main():
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)


main()
