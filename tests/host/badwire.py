# SPDX-License-Identifier: MIT
"""A cable between two guests (or a guest and a peer) that loses, repeats,
delays, reorders and damages frames, each with its probability.

    wire = BadWire(seed, loss=0.05)
    boot(settings={"NETDEV": wire.netdevs[0], ...}), and the other end likewise

What happens to the n-th frame of a direction depends on the seed, the direction
and n alone, so a seed repeats a run as far as the guests send the same.
"""

import heapq
import os
import random
import select
import socket
import tempfile
import threading
import time
from collections import Counter

ETHERNET_HEADER = 14
REORDERED_BY = 0.002  # seconds; frames follow one another within microseconds
IPV4 = b"\x08\x00"


class Direction:
    """One way through the cable: where frames come from, where they go."""

    def __init__(self, name, seed, rates, source, target_path):
        self.random = random.Random(f"{seed} {name}")
        self.rates, self.source, self.target_path = rates, source, target_path
        self.counts = Counter()

    def happens(self, kind):
        """Asked for each kind of each frame, in one order: the seed decides."""
        happened = self.random.random() < self.rates.get(kind, 0)
        self.counts[kind] += happened
        return happened

    def damaged(self, frame):
        """One bit flipped: a 16-bit sum always notices that. Behind Ethernet's
        header, which has a sum of its own on real cables; and not in ARP, which
        has none."""
        bit = self.random.randrange(ETHERNET_HEADER * 8, len(frame) * 8)
        if frame[12:14] != IPV4:
            return frame
        frame = bytearray(frame)
        frame[bit // 8] ^= 1 << bit % 8
        return bytes(frame)

    def fate(self, frame):
        """What becomes of a frame: a list of (seconds of delay, frame)."""
        self.counts["frames"] += 1
        lost, twice = self.happens("loss"), self.happens("duplicate")
        late, damaged = self.happens("reorder"), self.happens("corrupt")
        delay = self.rates.get("delay", 0) * self.random.random()
        if damaged:
            frame = self.damaged(frame)
        if late:
            delay += REORDERED_BY
        return [] if lost else [(delay, frame)] * (1 + twice)


class BadWire:
    """rates: loss, duplicate, reorder, corrupt (probabilities), delay (the most
    seconds). netdevs: what the QEMU at each end is to be told."""

    def __init__(self, seed, **rates):
        self.seed, self.rates = seed, rates
        self.folder = tempfile.TemporaryDirectory(prefix="wharf-badwire-")
        names = [os.path.join(self.folder.name, name) for name in ("a", "b")]
        self.netdevs = [f"dgram,local.type=unix,local.path={name}-guest,"
                        f"remote.type=unix,remote.path={name}" for name in names]
        self.sockets = [self._socket(name) for name in names]
        self.directions = {
            source: Direction(way, seed, rates, source, other + "-guest")
            for way, source, other in zip("ab", self.sockets, reversed(names))}
        self.waiting = []  # a heap of (due, order, direction, frame)
        self.order = 0
        self.stopped, self.stopper = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def _socket(path):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind(path)
        return sock

    def __str__(self):
        total = sum((d.counts for d in self.directions.values()), Counter())
        return f"bad wire, seed {self.seed}, {self.rates}: {dict(total)}"

    def close(self):
        self.stopper.close()
        self.thread.join(10)
        for sock in self.sockets:
            sock.close()
        self.stopped.close()
        self.folder.cleanup()

    def _run(self):
        while True:
            timeout = max(self.waiting[0][0] - time.monotonic(), 0) if self.waiting else None
            ready = select.select([*self.sockets, self.stopped], [], [], timeout)[0]
            if self.stopped in ready:
                return
            for sock in ready:
                self._take_in(self.directions[sock])
            self._let_out()

    def _take_in(self, direction):
        """All frames that have come; those without delay go on at once."""
        while True:
            try:
                frame = direction.source.recv(1 << 17, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            for delay, copy in direction.fate(frame):
                if delay:
                    self.order += 1
                    entry = (time.monotonic() + delay, self.order, direction, copy)
                    heapq.heappush(self.waiting, entry)
                else:
                    self._send(direction, copy)

    def _let_out(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, _, direction, frame = heapq.heappop(self.waiting)
            self._send(direction, frame)

    @staticmethod
    def _send(direction, frame):
        try:
            direction.source.sendto(frame, direction.target_path)
        except (FileNotFoundError, ConnectionRefusedError):
            pass  # that end has not begun, or has ended
