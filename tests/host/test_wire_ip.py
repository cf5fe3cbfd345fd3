# SPDX-License-Identifier: MIT
"""IPv4 on the wire: headers that contradict themselves, options, addresses that
nobody can have, fragments in every order, overlapping, endless and too large."""

import random
import re

import pytest

from frames import (BROADCAST, GUEST, ICMP, IPV4, MORE, PEER, TCP, SYN, UDP, checksum,
                    icmp, ip4, tcp, udp)
from guest import wait_until

PORT = 5800
ECHO = icmp(8, 0, 0x77770001, b"is anybody there?")
TIMEOUT_SECONDS = 2  # of reassembly, for one test; 30 as a rule (RFC 1122, 3.3.2)


def echoed(peer, **header):
    """Whether a packet with this header has its echo answered."""
    peer.send_ip(ICMP, ECHO, **header)
    return bool(peer.answers(protocol=ICMP, kind=0))


@pytest.fixture
def bound(sockets):
    assert sockets.do(f"udp bind 0.0.0.0 {PORT} nonblock") == "0"
    return sockets


# ---- the header ----

def test_good_header(wire):
    assert echoed(wire.peer)
    assert echoed(wire.peer, ttl=1, tos=0xFF)


def test_bad_checksum_is_dropped_and_counted(wire):
    before = wire.counters()
    assert not echoed(wire.peer, spoil=1)
    assert wire.counters()["Ip InHdrErrors"] == before["Ip InHdrErrors"] + 1


@pytest.mark.parametrize("header", [
    {"version": 5}, {"version": 0}, {"version": 6}, {"header_words": 0},
    {"header_words": 4}, {"header_words": 15}, {"total": 19}, {"total": 0},
    {"total": 5000}, {"total": 0xFFFF}], ids=str)
def test_contradicting_header_is_dropped(wire, header):
    assert not echoed(wire.peer, **header)
    assert echoed(wire.peer)


@pytest.mark.parametrize("length", [0, 1, 10, 19, 20, 21, 27])
def test_truncated_packet_is_dropped(wire, length):
    wire.peer.send_frame(wire.peer.guest_mac, IPV4, ip4(ICMP, ECHO)[:length])
    assert wire.peer.answers() == []


def test_what_follows_the_packet_is_cut_off(wire):
    """Ethernet pads short frames; padding is no data."""
    wire.peer.send_frame(wire.peer.guest_mac, IPV4, ip4(ICMP, ECHO) + b"padding" * 9)
    answer, = wire.peer.answers(protocol=ICMP)
    assert answer.payload[8:] == ECHO[8:]


def test_unknown_protocol_is_unreachable(wire):
    wire.peer.send_ip(253, b"experiment")
    answer, = wire.peer.answers(protocol=ICMP)
    assert (answer.kind, answer.code) == (3, 2)


def test_packet_for_another_host_is_not_taken(wire):
    """Nor forwarded, nor answered."""
    for address in ("10.9.0.3", "192.0.2.1", "0.0.0.0", "10.9.0.0"):
        wire.peer.send_ip(ICMP, ECHO, destination=address)
        wire.peer.send_tcp(1, 7, 1, 0, SYN, destination=address)
    assert wire.peer.answers() == []


# ---- options ----

@pytest.mark.parametrize("options", [b"\x01\x01\x01\x00", b"\x94\x04\0\0", b"\x07\x07\x04\0\0\0\0",
                                     b"\x44\x08\x05\0\0\0\0\0", b"\xfe\x04\0\0"],
                         ids=["no operation", "router alert", "record route", "timestamp",
                              "unknown"])
def test_options_are_passed_over(wire, options):
    assert echoed(wire.peer, options=options)


@pytest.mark.parametrize("options", [b"\x07\x00\0\0", b"\x07\x01\0\0", b"\x07\x28\x04\0",
                                     b"\x01\x01\x01\x07", b"\xfe\xff\0\0"],
                         ids=["length 0", "length 1", "past the end", "cut off", "unknown"])
def test_malformed_options_are_dropped(wire, options):
    assert not echoed(wire.peer, options=options)


@pytest.mark.parametrize("kind", [131, 137], ids=["loose", "strict"])
def test_source_routes_are_refused(wire, kind):
    """As on Linux, where accept_source_route is off (RFC 6274, 3.13)."""
    route = bytes((kind, 7, 8)) + b"\x0a\x09\x00\x02"
    assert not echoed(wire.peer, options=route)


# ---- addresses ----

@pytest.mark.parametrize("source", ["127.0.0.1", "127.9.9.9", "0.0.0.0", GUEST, "224.0.0.1",
                                    "239.1.2.3", "240.0.0.1", "255.255.255.255", "10.9.0.255"])
def test_impossible_source_is_dropped(bound, source):
    """RFC 1122, 3.2.1.3; RFC 6274, 4.3: neither answered nor delivered."""
    for destination in (GUEST, "10.9.0.255"):
        bound.peer.send_ip(ICMP, ECHO, source, destination)
        bound.peer.send_udp(9, 999, b"martian", source, destination)
        bound.peer.send_tcp(9, 7, 1, 0, SYN, b"", source, destination)
        if source == "0.0.0.0" and destination != GUEST:
            continue  # a host that looks for its address may speak to everybody
        bound.peer.send_udp(9, PORT, b"martian", source, destination)
    assert [packet for packet in bound.peer.answers() if packet.protocol != UDP] == []
    assert bound.receive() == "EAGAIN"


@pytest.mark.parametrize("destination", ["127.0.0.1", "127.1.2.3"])
def test_loopback_is_not_reached_from_outside(wire, destination):
    wire.peer.send_ip(ICMP, ECHO, destination=destination)
    wire.peer.send_tcp(9, 80, 1, 0, SYN, destination=destination)
    assert wire.peer.answers() == []


@pytest.mark.parametrize("destination", ["10.9.0.255", "255.255.255.255", "224.0.0.1"])
def test_tcp_to_many_is_dropped(wire, destination):
    """RFC 1122, 4.2.3.10: a SYN to everybody is not answered, not even by RST."""
    for port in (7, 999):
        syn = ip4(TCP, _tcp(port, destination), PEER, destination)
        wire.peer.send_frame(BROADCAST, IPV4, syn)
    assert wire.peer.answers(protocol=TCP) == []


def _tcp(port, destination):
    return tcp(9, port, 1, 0, SYN, destination=destination)


def test_broadcast_frame_for_one_host_is_dropped(wire):
    """RFC 1122, 3.3.6: or all hosts of the network would answer it."""
    for packet in (ip4(ICMP, ECHO), ip4(TCP, _tcp(7, GUEST)), ip4(UDP, udp(9, 999, b"x"))):
        wire.peer.send_frame(BROADCAST, IPV4, packet)
    assert wire.peer.answers() == []


def test_frame_for_another_host_is_dropped(wire):
    wire.peer.send_frame(b"\x02\x00\x00\x00\x00\x77", IPV4, ip4(ICMP, ECHO))
    assert wire.peer.answers() == []


# ---- fragments ----

def pieces(datagram, size=504):
    """(offset, bytes, last) of a datagram in fragments."""
    return [(at, datagram[at:at + size], at + size >= len(datagram))
            for at in range(0, len(datagram), size)]


def send_pieces(peer, parts, protocol=UDP, identification=None):
    peer.identification += 1
    number = peer.identification if identification is None else identification
    for offset, data, last in parts:
        peer.send_ip(protocol, data, identification=number,
                     fragment=offset // 8 | (0 if last else MORE))


TEXT = b"".join(b"%07d-" % i for i in range(300))
DATAGRAM = udp(9, PORT, TEXT)


def arrived(sockets):
    sockets.peer.answers()
    return sockets.receive() == TEXT.decode()


@pytest.mark.parametrize("order", ["in order", "reversed", "last first", "shuffled",
                                   "each twice"])
def test_fragments_in_any_order(bound, order):
    parts = pieces(DATAGRAM)
    if order == "reversed":
        parts.reverse()
    elif order == "last first":
        parts.insert(0, parts.pop())
    elif order == "shuffled":
        random.Random(1).shuffle(parts)
    elif order == "each twice":
        parts = [part for part in parts[:-1] for _ in range(2)] + parts[-1:]
    send_pieces(bound.peer, parts)
    assert arrived(bound)


def test_fragments_of_8_bytes(bound):
    send_pieces(bound.peer, pieces(DATAGRAM, 8))
    assert arrived(bound)


def test_two_datagrams_at_once(bound):
    """Their fragments alternate, and are told apart by identification."""
    for part in pieces(DATAGRAM):
        send_pieces(bound.peer, [part], identification=50001)
        send_pieces(bound.peer, [part], identification=50002)
    assert arrived(bound) and arrived(bound)


def test_largest_datagram(bound):
    bound.do("set rcvbuf 300000")
    data = b"x" * 65507
    send_pieces(bound.peer, pieces(udp(9, PORT, data), 1480))
    bound.peer.answers()
    assert bound.do("take") == "65507"


@pytest.mark.parametrize("shift", [8, 256, 496])
@pytest.mark.parametrize("backwards", [False, True])
def test_overlapping_fragments_change_nothing(bound, shift, backwards):
    """RFC 5722, 1858: a part that is sent twice, differently, does not replace
    what has arrived; the datagram arrives as it was or not at all."""
    good, forged = pieces(DATAGRAM), b"F" * 504
    at = good[1][0]
    parts = [good[0], good[1], (at - shift if backwards else at + shift, forged, False)] \
        + good[2:]
    send_pieces(bound.peer, parts)
    bound.peer.answers()
    text = bound.receive()
    assert text in (TEXT.decode(), "EAGAIN")


def test_forged_header_in_an_overlapping_fragment(bound):
    """RFC 1858, 4: the ports are not rewritten by a fragment at offset 8 or 0."""
    good = pieces(DATAGRAM)
    other = udp(9, 999, TEXT)
    send_pieces(bound.peer, [good[0], (0, other[:504], False), (8, b"F" * 16, False)]
                + good[1:])
    bound.peer.answers()
    assert bound.receive() in (TEXT.decode(), "EAGAIN")


def test_tiny_first_fragment_of_tcp_is_dropped(sockets):
    """RFC 1858, 3: no honest sender parts a TCP header."""
    sockets.listen(PORT)
    send_pieces(sockets.peer, pieces(_tcp(PORT, GUEST), 8), TCP)
    assert sockets.peer.answers(protocol=TCP) == []


@pytest.mark.parametrize("length", [8, 24, 1480])
def test_ping_of_death(bound, length):
    """A fragment that reaches beyond 65,535 bytes, last or not."""
    for last in (True, False):
        send_pieces(bound.peer, [(0, b"p" * 800, False), (65528, b"p" * length, last)], ICMP)
    parts = pieces(udp(9, PORT, b"d" * 65507), 1480)
    send_pieces(bound.peer, parts[:-1] + [(parts[-1][0], b"d" * 1480, False),
                                          (65528, b"d" * 8, True)])
    assert bound.peer.answers() == []
    assert bound.receive() == "EAGAIN"
    send_pieces(bound.peer, pieces(DATAGRAM))
    assert arrived(bound)


def test_fragments_behind_the_last_one(bound):
    """Contradicting ends: not a datagram longer than its header says."""
    send_pieces(bound.peer, [(504, b"x" * 8, True), (512, b"y" * 512, False),
                             (0, DATAGRAM[:504], False)])
    bound.peer.answers()
    assert bound.receive() == "EAGAIN"
    send_pieces(bound.peer, pieces(DATAGRAM))
    assert arrived(bound)


def test_fragment_that_is_no_multiple_of_8(bound):
    parts = pieces(DATAGRAM)
    send_pieces(bound.peer, [(0, DATAGRAM[:509], False)] + parts[1:])
    bound.peer.answers()
    assert bound.receive() == "EAGAIN"


def test_empty_fragments(bound):
    send_pieces(bound.peer, [(0, b"", False), (8, b"", False), (8, b"", True), (0, b"", True)])
    send_pieces(bound.peer, pieces(DATAGRAM))
    bound.peer.answers()
    assert bound.receive_all(len(TEXT))[-len(TEXT):] == TEXT.decode()


def test_incomplete_datagram_ends_by_time_exceeded(wire):
    """With its first part quoted; nothing is said of one whose first fragment
    never came (RFC 792). The memory is free again."""
    ipfrag_time = "/proc/sys/net/ipv4/ipfrag_time"
    assert wire.guest.read(ipfrag_time) == "30\n"
    wire.guest.check(f"echo {TIMEOUT_SECONDS} > {ipfrag_time}")
    before = _reassembling(wire.guest)
    send_pieces(wire.peer, pieces(DATAGRAM)[1:], identification=60001)
    send_pieces(wire.peer, pieces(DATAGRAM)[:2], identification=60002)
    error = wire.peer.next(TIMEOUT_SECONDS + 15, protocol=ICMP, kind=11)
    while error.payload[12:14] != (60002).to_bytes(2, "big"):
        error = wire.peer.next(TIMEOUT_SECONDS, protocol=ICMP, kind=11)
    assert error.code == 1 and checksum(error.payload) == 0
    wait_until(lambda: _reassembling(wire.guest) <= before, TIMEOUT_SECONDS + 5,
               "no fragments are left")
    wire.guest.check(f"echo 30 > {ipfrag_time}")
    assert [packet for packet in wire.peer.answers(protocol=ICMP)
            if packet.payload[12:14] == (60001).to_bytes(2, "big")] == []


def _reassembling(guest):
    """Datagrams of which fragments wait."""
    return int(re.search(r"^REASSDATA +(\d+)", guest.read("/proc/net/lwip"), re.M).group(1))
