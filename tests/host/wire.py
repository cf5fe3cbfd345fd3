# SPDX-License-Identifier: MIT
"""A guest and the peer at the other end of its cable (rawpeer.py), and the
guest's sockets, used from the test step by step (tests/user/probe.c)."""

import contextlib
import re

from frames import GUEST, PEER
from guest import USERTESTS
from rawpeer import Connection, RawPeer

PROBE = f"{USERTESTS} --helper probe"


class Wire:
    """A booted guest, whose address the peer knows."""

    def __init__(self, boot, arguments=f"ip={GUEST}/24,{PEER}", settings=None, **options):
        self.peer = RawPeer()
        self.probing = False
        self.guest = boot(append=f"quiet panic=exit {arguments}", forward=(),
                          settings={"NETDEV": self.peer.netdev, **(settings or {})},
                          **options).login()
        self.peer.resolve()

    def probe(self, steps):
        """Start a probe; its lines are taken by result()."""
        if self.probing:  # a test failed in the middle of its own
            self.abandon()
        self.probing = True
        self.clear()
        self.guest.start(f"{PROBE} {steps}; echo end''=$?")

    def result(self, step, timeout=60):
        """(what a step returned, milliseconds)."""
        found = self.guest.expect(rb"(?m)^%s: (\S+) (\d+) ms\r?\n" % step.encode(), timeout)
        return found.group(1).decode(), int(found.group(2))

    def finish(self, timeout=60):
        self.guest.expect(r"end=0\r?\n", timeout)
        self.guest.expect(rb"wharf# $")
        self.probing = False

    def abandon(self):
        self.guest.interrupt()
        self.probing = False

    def clear(self):
        while not self.peer.packets.empty():
            self.peer.packets.get()

    def counters(self):
        """/proc/net/snmp as {"Tcp InCsumErrors": 3, ...}."""
        return snmp(self.guest.read("/proc/net/snmp"))

    @contextlib.contextmanager
    def sockets(self):
        """A probe that takes its steps from the test, one line after another."""
        self.probe("-")
        try:
            yield Sockets(self)
        finally:
            self.abandon()


class Sockets:
    """The guest's sockets in a test's hands. A step's name and arguments are
    words; probe.c has the list."""

    def __init__(self, wire):
        self.wire, self.guest, self.peer = wire, wire.guest, wire.peer

    def begin(self, steps):
        """Start steps, of which one may block; see result()."""
        self.guest.send(steps + "\n")
        self.guest.expect(rb"\n")  # its echo

    def result(self, step, timeout=30):
        return self.wire.result(step, timeout)[0]

    def do(self, steps, timeout=30):
        """Take steps to their end; what the last returned, or its errno's name."""
        self.begin(steps)
        text = self.guest.expect(rb"(?s)^(.*?)done\r?\n", timeout).group(1).decode()
        return re.findall(r"(?m)^[a-z]+: (\S+) \d+ ms\r?$", text)[-1]

    def receive(self, length=65536):
        """What one recv returns, as text; "" at the end of the stream."""
        self.begin(f"recv {length}")
        text = self.guest.expect(rb"(?s)^(.*?)done\r?\n", 30).group(1).decode()
        data = re.search(r"(?s)^data: (.*)\r?\nrecv: ", text)
        if data:
            return data.group(1).replace("\r", "")
        value = re.search(r"^recv: (\S+)", text).group(1)
        return "" if value == "0" else value

    def receive_all(self, length):
        """Text of so many bytes, by as many recvs as it takes."""
        text = ""
        while len(text) < length:
            piece = self.receive()
            assert piece and not piece.startswith("E"), f"{piece!r} after {text!r}"
            text += piece
        return text

    def show(self, path):
        self.begin(f"show {path}")
        text = self.guest.expect(rb"(?s)^(.*?)show: 0 \d+ ms\r?\ndone\r?\n", 30)
        return text.group(1).decode().replace("\r", "")

    def counters(self):
        return snmp(self.show("/proc/net/snmp"))

    def listen(self, port, backlog=5):
        assert self.do(f"tcp set reuseaddr 1 bind 0.0.0.0 {port} listen {backlog}") == "0"

    def accept(self, port, guest_port, **options):
        """A connection that the peer opens, and that the guest has accepted."""
        connection = Connection.connect(self.peer, port, guest_port, **options)
        assert connection, "no answer to the SYN"
        self.do("accept")
        return connection

    def connect(self, port, before="", **options):
        """A connection that the guest opens to a port of the peer."""
        self.begin(f"tcp {before} connect {PEER} {port}")
        connection = Connection.accept(self.peer, port, **options)
        assert self.result("connect") == "0"
        self.guest.expect(rb"done\r?\n")
        return connection


def snmp(text):
    numbers = {}
    lines = text.splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        kind = names.partition(":")[0]
        for name, value in zip(names.split()[1:], values.split()[1:]):
            numbers[f"{kind} {name}"] = int(value)
    return numbers
