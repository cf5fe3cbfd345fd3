# SPDX-License-Identifier: MIT
"""Thousands of connections, opened and closed in every way: once TIME_WAIT has
passed, the kernel holds no more memory, sockets, PCBs and packet buffers than
before. One guest does all of it, so that there is one such wait."""

import re
import socket
import struct

import pytest

from guest import USERTESTS, wait_until

CONNECTIONS = 5000
TIME_WAIT_SECONDS = 150
SLACK_KB = 64  # what differs between two looks at an idle kernel
RESET = struct.pack("ii", 1, 0)


def sockets(guest):
    """All of sockstat's numbers: {"TCP alloc": 3, ...}."""
    numbers = {}
    for line in guest.read("/proc/net/sockstat").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        for key, value in zip(words[::2], words[1::2]):
            numbers[f"{name} {key}"] = int(value)
    return numbers


def network_objects(guest):
    """lwIP's PCBs, segments and packet buffers in use: {"TCP_PCB": 1, ...}."""
    rows = (line.split() for line in guest.read("/proc/net/lwip").splitlines())
    return {row[0]: int(row[1]) for row in rows}


def memory(guest):
    text = guest.read("/proc/meminfo")
    return {name: int(re.search(rf"^{name}: +(\d+) kB", text, re.M).group(1))
            for name in ("MemFree", "KernelLive")}


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


def datagrams(guest, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(guest.address("udp:7"))
        for i in range(count):
            data = b"%d" % i * 400
            client.send(data)
            assert client.recv(65536) == data


def processes(guest):
    guest.check(f"{USERTESTS} fork_exec pipes socketpair futex_threads >/dev/null", 240)


def kill_the_server(guest):
    """The connections of a killed process go with it; init starts another."""
    clients = [socket.create_connection(guest.address("tcp:7"), 20) for _ in range(50)]
    for client in clients:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    pid = re.search(r"^ *(\d+) .*echod", guest.check("ps"), re.M).group(1)
    guest.check(f"kill -9 {pid}")
    for client in clients:
        assert client.recv(1) == b""
        client.close()


def work(guest, count):
    from_outside(guest, count)
    datagrams(guest, count // 10)
    processes(guest)


class Aftermath:
    """What there was before, and what there is when all of it is over."""

    def __init__(self, guest):
        self.guest = guest
        work(guest, CONNECTIONS // 10)  # what grows once and stays
        self.before = self.state()
        work(guest, CONNECTIONS)
        guest.check(f"{USERTESTS} --helper churn {CONNECTIONS}", 240)
        self.time_wait = sockets(guest)["TCP tw"]
        kill_the_server(guest)
        self.after = wait_until(self.settled, TIME_WAIT_SECONDS,
                                "TIME_WAIT is over and echod back", 2)

    def state(self):
        return sockets(self.guest), network_objects(self.guest), memory(self.guest)

    def settled(self):
        now = self.state()
        return (now[0]["TCP tw"] == 0 and
                now[0]["sockets used"] >= self.before[0]["sockets used"] and now)


@pytest.fixture(scope="module")
def aftermath(boot_once):
    return Aftermath(boot_once().login().wait_for_services())


def test_connections_went_through_time_wait(aftermath):
    """Or the others would show little."""
    assert aftermath.time_wait > CONNECTIONS // 2


def test_sockets(aftermath):
    assert aftermath.after[0] == aftermath.before[0]


def test_control_blocks_and_packet_buffers(aftermath):
    assert aftermath.after[1] == aftermath.before[1]


def test_kernel_memory(aftermath):
    before, after = aftermath.before[2], aftermath.after[2]
    assert after["KernelLive"] <= before["KernelLive"] + SLACK_KB
    assert after["MemFree"] >= before["MemFree"] - 4 * SLACK_KB


def test_it_still_serves(aftermath):
    from_outside(aftermath.guest, 8)
