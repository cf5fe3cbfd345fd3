# SPDX-License-Identifier: MIT
"""UDP datagrams on the wire: checksums, lengths that contradict each other,
broadcasts; who receives them, and what is counted."""

import pytest

from frames import BROADCAST, GUEST, ICMP, IPV4, PEER, UDP, ip4, udp

PORT = 5700


@pytest.fixture
def bound(sockets):
    assert sockets.do(f"udp bind 0.0.0.0 {PORT} nonblock") == "0"
    return sockets


def receives(sockets, text):
    """The next datagram is this one, and it is the only one."""
    sockets.peer.answers()
    return sockets.receive() == text and sockets.receive() == "EAGAIN"


def test_no_checksum(bound):
    """RFC 768: a field of 0 says that there is none."""
    datagram = udp(9, PORT, b"unchecked")
    bound.peer.send_ip(UDP, datagram[:6] + b"\0\0" + datagram[8:])
    assert receives(bound, "unchecked")


def test_checksum_of_zero_is_sent_as_ffff(bound):
    """The guest's datagrams always have one, also when its sum is 0."""
    sent = set()
    for number in range(3):
        bound.do(f"sendto {PEER} 9 {'x' * number}y")
        packet = bound.peer.next(protocol=UDP)
        sent.add(packet.checksum_ok and packet.ip[26:28] != b"\0\0")
    assert sent == {True}


@pytest.mark.parametrize("spoil", [1, 0x8000, 0x5555])
def test_bad_checksum_is_dropped_and_counted(bound, spoil):
    before = bound.counters()
    bound.peer.send_udp(9, PORT, b"spoilt", spoil=spoil)
    bound.peer.send_udp(9, PORT, b"whole")
    assert receives(bound, "whole")
    after = bound.counters()
    for name in ("Udp InCsumErrors", "Udp InErrors"):
        assert after[name] == before[name] + 1, name


@pytest.mark.parametrize("length", [0, 1, 7, 100, 0xFFFF])
def test_impossible_length_is_dropped_and_counted(bound, length):
    """Less than a header, or more than has come."""
    before = bound.counters()
    bound.peer.send_udp(9, PORT, b"lying", length=length)
    bound.peer.send_udp(9, PORT, b"honest")
    assert receives(bound, "honest")
    assert bound.counters()["Udp InErrors"] == before["Udp InErrors"] + 1


def test_what_follows_the_datagram_is_cut_off(bound):
    """The UDP length counts, not IP's (Linux; RFC 768)."""
    bound.peer.send_ip(UDP, udp(9, PORT, b"data") + b"surplus")
    assert receives(bound, "data")


@pytest.mark.parametrize("length", range(0, 8, 2))
def test_truncated_header_is_dropped(bound, length):
    bound.peer.send_ip(UDP, udp(9, PORT)[:length])
    bound.peer.send_udp(9, PORT, b"whole")
    assert receives(bound, "whole")


def test_empty_datagram(bound):
    bound.peer.send_udp(9, PORT, b"")
    bound.peer.answers()
    assert bound.do("recv 10") == "0"


@pytest.mark.parametrize("destination", ["255.255.255.255", "10.9.0.255"])
def test_broadcast_is_received(bound, destination):
    datagram = udp(9, PORT, b"to all", destination=destination)
    bound.peer.send_frame(BROADCAST, IPV4, ip4(UDP, datagram, PEER, destination))
    assert receives(bound, "to all")


@pytest.mark.parametrize("destination", ["255.255.255.255", "10.9.0.255", "224.0.0.1"])
def test_nobody_there_is_not_said_of_a_broadcast(wire, destination):
    """RFC 1122, 3.2.2: no ICMP error about what went to many."""
    datagram = udp(9, 999, b"anybody?", destination=destination)
    wire.peer.send_frame(BROADCAST, IPV4, ip4(UDP, datagram, PEER, destination))
    assert wire.peer.answers(protocol=ICMP, source=GUEST) == []


def test_nobody_there_is_not_said_of_a_frame_to_all(wire):
    """The same for one that only its Ethernet address made a broadcast."""
    wire.peer.send_frame(BROADCAST, IPV4, ip4(UDP, udp(9, 999, b"anybody?")))
    assert wire.peer.answers(protocol=ICMP, kind=3) == []


def test_port_unreachable_quotes_the_datagram(wire):
    """The header and at least 8 bytes, and not more than 576 of all (RFC 1812)."""
    wire.peer.send_udp(4321, 999, b"q" * 1000)
    error = wire.peer.next(protocol=ICMP, kind=3)
    assert error.code == 3 and error.checksum_ok
    quoted = error.payload[8:]
    assert quoted[0] == 0x45 and quoted[9] == UDP
    assert quoted[20:24] == (4321).to_bytes(2, "big") + (999).to_bytes(2, "big")
    assert len(error.ip) <= 576


def test_connected_socket_hears_its_peer_alone(bound):
    assert bound.do(f"connect {PEER} 9") == "0"
    bound.peer.send_udp(10, PORT, b"another port")
    bound.peer.send_udp(9, PORT, b"another host", "10.9.0.77")
    bound.peer.send_udp(9, PORT, b"the peer")
    assert receives(bound, "the peer")


def test_full_buffer_drops_and_counts(bound):
    """What the socket has no room for is lost, what it has is whole."""
    before = bound.counters()
    bound.do("set rcvbuf 4096")
    for i in range(100):
        bound.peer.send_udp(9, PORT, b"%02d" % i + b"-" * 300)
    bound.peer.answers()
    lost = bound.counters()["Udp RcvbufErrors"] - before["Udp RcvbufErrors"]
    received = 0
    while (text := bound.receive()) != "EAGAIN":
        assert text == f"{received:02d}" + "-" * 300
        received += 1
    assert received > 2 and received + lost == 100
