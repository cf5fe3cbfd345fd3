# SPDX-License-Identifier: MIT
"""Thousands of frames that are almost right (mutate.py), and a guest that goes on
as if nothing had happened. WIRE_FUZZ_SEED repeats a run, WIRE_FUZZ_FRAMES makes it
longer; a failure prints both."""

import os
import random

import pytest

from frames import ACK, FIN, GUEST, PSH, RST, TCP
from guest import DEBUG_KERNEL, KERNEL
from mutate import Mutator
from rawpeer import Connection
from wire import Wire

SEED = int(os.environ.get("WIRE_FUZZ_SEED", "1"))
FRAMES = int(os.environ.get("WIRE_FUZZ_FRAMES", "8000"))
AT_ONCE = 200
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def page(peer, port):
    """The beginning of what the guest's httpd answers."""
    connection = Connection.connect(peer, port, 80, timeout=30)
    assert connection, "httpd does not answer"
    connection.send_data(REQUEST)
    data = b""
    while True:
        packet = connection.expect()
        assert not packet.flags & RST
        if packet.seq == connection.ack & 0xFFFFFFFF:
            data += packet.payload
            connection.ack += len(packet.payload) + bool(packet.flags & FIN)
            connection.send(ACK)
        if packet.flags & FIN:
            return data


def open_connections(peer, first):
    """Some in different states, for segments that nearly fit."""
    connections = [Connection.connect(peer, first + i, 7, timeout=30) for i in range(4)]
    connections[0].send(PSH | ACK, b"hole", seq=connections[0].seq + 100)
    connections[1].send(FIN | ACK)
    connections[1].seq += 1
    return [(c.port, 7, c.seq, c.ack) for c in connections]


@pytest.mark.parametrize("kernel", [KERNEL, DEBUG_KERNEL], ids=["", "debug"])
def test_mutated_frames(boot, kernel):
    wire = Wire(boot, kernel=kernel)
    wire.guest.wait_for_services()
    peer = wire.peer
    choose = random.Random(SEED)
    try:
        assert b"200 OK" in page(peer, 30000)
        for sent in range(0, FRAMES, AT_ONCE):
            mutator = Mutator(choose, peer.guest_mac, open_connections(peer, 31000 + sent // AT_ONCE * 4))
            for _ in range(AT_ONCE):
                peer.send_bytes(mutator.frame())
            peer.answers(protocol=TCP, source=GUEST)
        assert b"200 OK" in page(peer, 60000)
        wire.guest.check("true")
    except Exception:
        print(f"WIRE_FUZZ_SEED={SEED} WIRE_FUZZ_FRAMES={FRAMES}")
        raise
    finally:
        peer.close()
