# SPDX-License-Identifier: MIT
"""Thousands of connections, opened and closed: afterwards the kernel holds no
more memory, sockets, PCBs and packet buffers than before."""

import re
import socket
import struct

import pytest

from guest import USERTESTS, wait_until

CONNECTIONS = 5000
TIME_WAIT_SECONDS = 150
SLACK_KB = 512  # caches that are warm, the log, the shell's history

RESET = struct.pack("ii", 1, 0)


def free_memory(guest):
    return int(re.search(r"MemFree: +(\d+) kB", guest.read("/proc/meminfo")).group(1))


def sockets(guest):
    """All of sockstat's numbers except memory: {"TCP alloc": 3, ...}."""
    numbers = {}
    for line in guest.read("/proc/net/sockstat").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        for key, value in zip(words[::2], words[1::2]):
            numbers[f"{name} {key}"] = int(value)
    return numbers


def kernel_objects(guest):
    """Whatever the kernel counts by name: sockets, PCBs, packet buffers."""
    return {name: number for name, number in sockets(guest).items()}


def quiet(guest):
    return wait_until(lambda: sockets(guest)["TCP tw"] == 0 and sockets(guest),
                      TIME_WAIT_SECONDS, "TIME_WAIT is over", 2)


def check_nothing_is_left(guest, work):
    """Once to warm up, then the same again must come back to where it was."""
    work(guest, CONNECTIONS // 10)
    before, memory = quiet(guest), free_memory(guest)
    work(guest, CONNECTIONS)
    after, memory_after = quiet(guest), free_memory(guest)
    assert after == before
    assert memory_after > memory - SLACK_KB, \
        f"{memory - memory_after} kB less than before"


def from_outside(guest, count):
    """Connections to echod, closed in every way a client has."""
    for i in range(count):
        with socket.create_connection(guest.address("tcp:7"), 20) as client:
            client.sendall(b"x")
            if i % 4 == 1:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                continue
            assert client.recv(1) == b"x"
            if i % 4 == 2:
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1) == b""
            elif i % 4 == 3:
                client.sendall(b"y" * 5000)  # closed with data on the way


def on_loopback(guest, count):
    guest.check(f"{USERTESTS} --helper churn {count}", 240)


@pytest.mark.parametrize("work", [from_outside, on_loopback])
def test_connections_leave_nothing(boot, work):
    check_nothing_is_left(boot().login(), work)


def test_datagrams_leave_nothing(boot):
    guest = boot().login()

    def flood(guest, count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.connect(guest.address("udp:7"))
            for i in range(count):
                data = b"%d" % i * 100
                client.send(data)
                assert client.recv(65536) == data

    check_nothing_is_left(guest, flood)


def test_processes_leave_nothing(boot):
    guest = boot().login()

    def fork_and_end(guest, count):
        guest.check(f"{USERTESTS} 'fork_exec/*' 'pipes/*' >/dev/null", 240)

    check_nothing_is_left(guest, fork_and_end)


def test_a_killed_server_leaves_nothing(boot):
    """The connections of a killed process go with it."""
    guest = boot().login()
    before = quiet(guest)
    clients = [socket.create_connection(guest.address("tcp:7"), 20) for _ in range(50)]
    for client in clients:
        client.sendall(b"x")
        client.recv(1)
    pid = re.search(r"(\d+).*echod", guest.check("ps")).group(1)
    guest.check(f"kill -9 {pid}")
    for client in clients:
        assert client.recv(1) == b""
        client.close()

    # init starts it again, with its two sockets.
    wait_until(lambda: sockets(guest)["TCP tw"] == 0
               and sockets(guest)["TCP inuse"] == before["TCP inuse"]
               and sockets(guest)["UDP inuse"] == before["UDP inuse"],
               TIME_WAIT_SECONDS, "as many sockets as before", 2)
