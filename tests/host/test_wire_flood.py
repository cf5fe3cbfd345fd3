# SPDX-License-Identifier: MIT
"""More than there is room for: SYNs from everywhere, datagrams that nobody reads,
fragments that never become whole, packets for neighbours that do not answer, all
in a small guest. What is established goes on, what is new is served, and the
memory comes back."""

import random
import re
import time

import pytest

from frames import ACK, GUEST, IPV4, MORE, PEER, SYN, TCP, UDP, ethernet, ip4, tcp, udp
from guest import wait_until
from rawpeer import Connection
from wire import Wire

SEED = 1
MEMORY = "64M"
SLACK_KB = 512
HALF_OPEN_SECONDS = 30  # until the last handshake is given up, after one SYN-ACK
REASSEMBLY_SECONDS = 5


@pytest.fixture(scope="module")
def wire(boot_once):
    wire = Wire(boot_once, settings={"MEM": MEMORY})
    wire.guest.wait_for_services()
    wire.guest.check("echo 1 > /proc/sys/net/ipv4/tcp_synack_retries; "
                     f"echo {REASSEMBLY_SECONDS} > /proc/sys/net/ipv4/ipfrag_time")
    yield wire
    wire.peer.close()


def pool(guest, name):
    """Elements of one of lwIP's pools that are in use."""
    return int(re.search(rf"^{name} +(\d+)", guest.read("/proc/net/lwip"), re.M).group(1))


def live_kb(meminfo):
    """What the kernel has allocated."""
    return int(re.search(r"^KernelLive: +(\d+)", meminfo, re.M).group(1))


def kernel_kb(guest):
    return live_kb(guest.read("/proc/meminfo"))


def comes_back(wire, before, seconds):
    """The kernel holds no more than before."""
    wait_until(lambda: kernel_kb(wire.guest) <= before + SLACK_KB, seconds,
               f"the kernel's memory is back at {before} kB", 1)


def serves(wire, port):
    """A new connection to echod, there and back."""
    connection = Connection.connect(wire.peer, port, 7, timeout=30)
    assert connection, "no answer to a SYN"
    connection.send_data(b"still there?")
    assert connection.receive(12) == b"still there?"
    return connection


def flood_of_syns(seconds):
    """Frames with SYNs to echod, from random addresses and ports, made in
    advance; an endless supply of the same ones."""
    choose = random.Random(SEED)
    frames = []
    for _ in range(4000):
        source = f"198.18.{choose.randrange(256)}.{choose.randrange(1, 255)}"
        segment = tcp(choose.randrange(1024, 65536), 7, choose.randrange(1 << 32), 0, SYN,
                      source=source)
        frames.append(ip4(TCP, segment, source, GUEST))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield from frames


def test_syn_flood(wire):
    """A second of it. The established connection's data is intact throughout."""
    peer, mac = wire.peer, wire.peer.guest_mac
    serves(wire, 20000)
    pcbs, memory = pool(wire.guest, "TCP_PCB"), kernel_kb(wire.guest)
    connection = serves(wire, 20001)
    sent = 0
    for sent, packet in enumerate(flood_of_syns(1.0), 1):
        peer.send_bytes(ethernet(IPV4, packet, mac))
        if sent % 500 == 0:
            text = b"%08d" % sent * 100
            connection.send_data(text)
            assert connection.receive(len(text)) == text
    print(f"{sent} SYNs in a second, {sent // 500} exchanges meanwhile")
    assert sent > 1000
    serves(wire, 20002)
    wait_until(lambda: pool(wire.guest, "TCP_PCB") <= pcbs + 2, HALF_OPEN_SECONDS,
               "the half-open connections are gone", 1)
    comes_back(wire, memory, 10)
    connection.send_data(b"to the end")
    assert connection.receive(10) == b"to the end"


def test_datagrams_that_nobody_reads(wire):
    """Many sockets with large buffers are filled: together more than memory."""
    memory = kernel_kb(wire.guest)
    with wire.sockets() as sockets:
        assert sockets.do("udps 10000 100 1000000") == "100"
        data = b"unread" * 230
        for i in range(30000):
            sockets.peer.send_udp(9, 10000 + i % 100, data)
            if i % 1000 == 999:
                sockets.peer.answers(60)
        filled = live_kb(sockets.show("/proc/meminfo"))
        assert memory + 5000 < filled < memory + 12000
        serves(wire, 20100)
        assert sockets.do("take") == str(len(data))
    comes_back(wire, memory, 30)


def test_fragments_that_never_become_whole(wire):
    """Bounded: they take little, and a good datagram in the middle arrives."""
    memory = kernel_kb(wire.guest)
    with wire.sockets() as sockets:
        assert sockets.do("udp bind 0.0.0.0 9000 nonblock") == "0"
        whole = udp(9, 9000, b"w" * 2000)
        for i in range(5000):
            sockets.peer.send_ip(UDP, bytes(1480), identification=i, fragment=MORE)
            if i % 1000 == 999:
                sockets.peer.send_ip(UDP, whole[:1480], identification=60000, fragment=MORE)
                sockets.peer.send_ip(UDP, whole[1480:], identification=60000, fragment=185)
                sockets.peer.answers(60)
                assert sockets.do("take") == "2000"
        assert live_kb(sockets.show("/proc/meminfo")) < memory + 5000
    wait_until(lambda: pool(wire.guest, "REASSDATA") == 0, REASSEMBLY_SECONDS + 15,
               "the fragments are given up", 1)
    comes_back(wire, memory, 10)


def test_packets_for_silent_neighbours(wire):
    """They wait for answers of ARP that never come, and are dropped."""
    memory = kernel_kb(wire.guest)
    with wire.sockets() as sockets:
        sockets.do("udp nonblock")
        for i in range(60, 240, 6):
            sockets.do(" ".join(f"sendto 10.9.0.{j} 9 waiting" for j in range(i, i + 6)))
        assert len({asked for _, asked in wire.peer.arp_requests}) > 100
        sockets.do(f"sendto {PEER} 9 known")
        assert sockets.peer.next(protocol=UDP, payload=b"known")
    comes_back(wire, memory, 60)
    serves(wire, 20200)


def test_reassembly_of_tcp_is_bounded(wire):
    """Segments behind a hole, on many connections, up to the windows they have."""
    memory = kernel_kb(wire.guest)
    connections = [Connection.connect(wire.peer, 21000 + i, 7, timeout=30) for i in range(20)]
    for connection in connections:
        for at in range(1000, 60000, 1000):
            connection.send(ACK, b"h" * 1000, seq=connection.seq + at)
    wire.peer.answers(60)
    serves(wire, 20300)
    for connection in connections:
        connection.send(4)  # RST
    comes_back(wire, memory, 30)
