# SPDX-License-Identifier: MIT
"""Transmitting without a stall: in 5 seconds of TCP from the guest, no second
passes without data. A lost notification of the device showed as a stall of
seconds in some boots, so this takes several: SOAK_BOOTS says how many (`make
soak`: 20)."""

import os
import socket
import time

import pytest

BOOTS = int(os.environ.get("SOAK_BOOTS", "2"))
SECONDS, LONGEST_GAP = 5, 1.0


def receive_for(server, seconds):
    """(longest time without data, bytes) on one connection."""
    connection = server.accept()[0]
    connection.settimeout(LONGEST_GAP * 10)
    with connection:
        total = len(connection.recv(1 << 18))
        start = last = time.monotonic()
        longest = 0
        while last < start + seconds:
            data = connection.recv(1 << 18)
            now = time.monotonic()
            longest = max(longest, now - last)
            total += len(data)
            last = now
            if not data:
                raise AssertionError(f"the connection ended after {now - start:.1f} s")
    return longest, total


@pytest.mark.parametrize("number", range(1, BOOTS + 1))
@pytest.mark.parametrize("harts", [1, 2])
def test_no_second_without_data(boot, harts, number):
    guest = boot(settings={"CPUS": str(harts)}, forward=()).login()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        guest.start(f"dd if=/dev/zero bs=64k count=100000 | nc 10.0.2.2 {port}")
        longest, total = receive_for(server, SECONDS)
    print(f"boot {number}, {harts} harts: {total * 8 / SECONDS / 1e6:.0f} Mbit/s, "
          f"longest gap {longest * 1000:.0f} ms")
    assert longest < LONGEST_GAP
