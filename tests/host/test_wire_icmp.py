# SPDX-License-Identifier: MIT
"""ICMP on the wire: echo, and errors of every kind for TCP and UDP sockets. An
error reaches the socket whose packet it quotes, if what it quotes was sent."""

import errno
import zlib

import pytest

from frames import ACK, BROADCAST, ICMP, IPV4, MORE, PEER, SYN, TCP, UDP, icmp, ip4

NET, HOST, PROTOCOL, PORT, NEEDS_FRAGMENTATION, SOURCE_ROUTE = range(6)
UNREACHABLE, QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER = 3, 4, 5, 11, 12


def name(number):
    return number if isinstance(number, str) else errno.errorcode[number]


# ---- echo ----

@pytest.mark.parametrize("size", [0, 1, 2, 55, 56, 1471, 1472])
def test_echo(wire, size):
    data = bytes(i & 0xFF for i in range(size))
    wire.peer.send_ip(ICMP, icmp(8, 0, 0xABCD1234, data))
    answer, = wire.peer.answers(protocol=ICMP)
    assert answer.payload[:2] == b"\0\0" and answer.checksum_ok
    assert answer.payload[4:] == b"\xab\xcd\x12\x34" + data
    assert answer.ttl == 64


def test_echo_in_fragments(wire):
    """Put together, answered, and the answer is in fragments too."""
    message = icmp(8, 0, 0x1234FFFF, b"large" * 800)
    wire.peer.send_ip(ICMP, message[:1480], fragment=MORE, identification=7001)
    wire.peer.send_ip(ICMP, message[1480:2960], fragment=MORE | 185, identification=7001)
    wire.peer.send_ip(ICMP, message[2960:], fragment=370, identification=7001)
    parts = wire.peer.answers(protocol=ICMP, source="10.9.0.2")
    parts.sort(key=lambda part: int.from_bytes(part.ip[6:8], "big") & 0x1FFF)
    whole = b"".join(part.ip[20:] for part in parts)
    assert len(parts) == 3 and whole[8:] == message[8:]


def test_echo_with_a_bad_checksum_is_dropped_and_counted(wire):
    before = wire.counters()
    wire.peer.send_ip(ICMP, icmp(8, 0, 1, b"spoilt", spoil=1))
    assert wire.peer.answers() == []
    after = wire.counters()
    for counter in ("Icmp InCsumErrors", "Icmp InErrors"):
        assert after[counter] == before[counter] + 1, counter


@pytest.mark.parametrize("length", range(8))
def test_truncated_message_is_dropped(wire, length):
    wire.peer.send_ip(ICMP, icmp(8, 0, 1)[:length])
    assert wire.peer.answers() == []


@pytest.mark.parametrize("destination", ["10.9.0.255", "255.255.255.255"])
def test_echo_to_everybody_is_not_answered(wire, destination):
    """Linux's icmp_echo_ignore_broadcasts; RFC 1122, 3.2.2.6 allows it."""
    wire.peer.send_frame(BROADCAST, IPV4, ip4(ICMP, icmp(8), PEER, destination))
    assert wire.peer.answers() == []


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 14, 15, 17, 18, 40, 255])
def test_messages_that_nobody_waits_for(wire, kind):
    """No error answers an ICMP message (RFC 1122, 3.2.2), and none is fatal."""
    wire.peer.send_ip(ICMP, icmp(kind, 0, 0, b"\x45" + b"\xff" * 40))
    wire.peer.send_ip(ICMP, icmp(kind, 255, 0xFFFFFFFF))
    assert wire.peer.answers() == []


# ---- errors for a socket that connects ----

@pytest.fixture
def syn(sockets):
    """The guest is connecting: its SYN."""
    sockets.begin(f"tcp connect {PEER} 4600")
    return sockets.peer.next(protocol=TCP, port=4600, flags=SYN)


@pytest.mark.parametrize("code, number", [
    (NET, errno.ENETUNREACH), (HOST, errno.EHOSTUNREACH), (PROTOCOL, errno.ENOPROTOOPT),
    (PORT, errno.ECONNREFUSED), (SOURCE_ROUTE, "EOPNOTSUPP"), (6, errno.ENETUNREACH),
    (7, errno.EHOSTDOWN), (8, errno.ENONET), (9, errno.ENETUNREACH),
    (10, errno.EHOSTUNREACH), (11, errno.ENETUNREACH), (12, errno.EHOSTUNREACH),
    (13, errno.EHOSTUNREACH), (14, errno.EHOSTUNREACH), (15, errno.EHOSTUNREACH)])
def test_unreachable_ends_an_attempt(sockets, syn, code, number):
    sockets.peer.send_icmp_error(syn, UNREACHABLE, code)
    assert sockets.result("connect") == name(number)


def test_time_exceeded_ends_an_attempt(sockets, syn):
    sockets.peer.send_icmp_error(syn, TIME_EXCEEDED, 0)
    assert sockets.result("connect") == "EHOSTUNREACH"


def test_parameter_problem_ends_an_attempt(sockets, syn):
    sockets.peer.send_icmp_error(syn, PARAMETER, 0)
    assert sockets.result("connect") == "EPROTO"


def goes_on(sockets, syn):
    """The handshake is not disturbed."""
    sockets.peer.send_tcp(4600, syn.source_port, 50, syn.seq + 1, SYN | ACK)
    return sockets.result("connect") == "0"


def altered(packet, at, data):
    """A packet whose quotation will differ at an offset."""
    packet.ip = packet.ip[:at] + data + packet.ip[at + len(data):]
    return packet


@pytest.mark.parametrize("at, data", [
    (20, b"\x00\x07"), (22, b"\x00\x07"), (16, b"\x0a\x09\x00\x63"), (12, b"\x0a\x09\x00\x63"),
    (9, bytes((UDP,))), (24, b"\x00\x00\x00\x00"), (6, b"\x00\x10"), (0, b"\x60"), (0, b"\x41"),
    (0, b"\x4f")], ids=["source port", "port", "destination", "source", "protocol", "sequence",
                        "a later fragment", "version", "short header", "long header"])
def test_wrong_quotations_are_ignored(sockets, syn, at, data):
    """RFC 5927, 4: ports, addresses and the sequence number must be ours."""
    peer, original = sockets.peer, syn.ip
    peer.send_icmp_error(altered(syn, at, data), UNREACHABLE, PORT)
    syn.ip = original
    peer.answers()
    assert goes_on(sockets, syn)


@pytest.mark.parametrize("length", [0, 1, 19, 20, 27])
def test_short_quotations_are_ignored(sockets, syn, length):
    sockets.peer.send_ip(ICMP, icmp(UNREACHABLE, PORT, 0, syn.ip[:length]))
    sockets.peer.answers()
    assert goes_on(sockets, syn)


def test_spoilt_errors_are_ignored(sockets, syn):
    sockets.peer.send_ip(ICMP, icmp(UNREACHABLE, PORT, 0, syn.ip[:28], spoil=1))
    sockets.peer.send_ip(ICMP, icmp(UNREACHABLE, PORT, 0, syn.ip[:28]), spoil=1)
    sockets.peer.send_ip(ICMP, icmp(UNREACHABLE, PORT, 0, syn.ip[:28]), fragment=MORE)
    sockets.peer.answers()
    assert goes_on(sockets, syn)


def test_source_quench_and_redirect_are_ignored(sockets, syn):
    """RFC 6633; a host that has one gateway has nothing to redirect."""
    sockets.peer.send_icmp_error(syn, QUENCH, 0)
    sockets.peer.send_icmp_error(syn, REDIRECT, 1, 0x0A090063)
    sockets.peer.answers()
    assert goes_on(sockets, syn)


# ---- errors for a connection ----

@pytest.fixture
def connection(sockets, request):
    sockets.listen(5900)
    number = 20000 + zlib.crc32(request.node.name.encode()) % 20000
    connection = sockets.accept(number, 5900)
    sockets.do("send data")
    connection.data = connection.expect(payload=b"data")
    return connection


@pytest.mark.parametrize("kind, code", [(UNREACHABLE, code) for code in range(4)]
                         + [(UNREACHABLE, 13), (TIME_EXCEEDED, 0), (PARAMETER, 0), (QUENCH, 0)])
def test_connection_survives_errors(sockets, connection, kind, code):
    """RFC 1122, 4.2.3.9 and RFC 5461: they may be forged, or pass."""
    sockets.peer.send_icmp_error(connection.data, kind, code)
    connection.answers()
    connection.send_data(b"alive")
    assert sockets.receive() == "alive"
    connection.ack += 4
    connection.send(ACK)
    sockets.do("send more")
    assert connection.expect(payload=b"more")


# ---- errors for UDP ----

@pytest.fixture
def datagram(sockets):
    """A connected UDP socket has sent this."""
    assert sockets.do(f"udp connect {PEER} 4800 send x nonblock") == "0"
    return sockets.peer.next(protocol=UDP, port=4800)


def test_port_unreachable_reaches_a_connected_socket(sockets, datagram):
    sockets.peer.send_icmp_error(datagram, UNREACHABLE, PORT)
    sockets.peer.answers()
    assert sockets.receive() == "ECONNREFUSED"
    assert sockets.receive() == "EAGAIN"


def test_error_is_reported_by_the_next_send(sockets, datagram):
    sockets.peer.send_icmp_error(datagram, UNREACHABLE, PORT)
    sockets.peer.answers()
    assert sockets.do("send y") == "ECONNREFUSED"
    assert sockets.do("send z") == "1"


@pytest.mark.parametrize("kind, code", [(UNREACHABLE, NET), (UNREACHABLE, HOST),
                                        (TIME_EXCEEDED, 0), (QUENCH, 0)])
def test_passing_errors_are_not_reported(sockets, datagram, kind, code):
    """Without IP_RECVERR a connected socket hears of what is final (Linux)."""
    sockets.peer.send_icmp_error(datagram, kind, code)
    sockets.peer.answers()
    assert sockets.receive() == "EAGAIN"


@pytest.mark.parametrize("at, data", [(20, b"\x00\x07"), (22, b"\x00\x07"),
                                      (16, b"\x0a\x09\x00\x63"), (12, b"\x0a\x09\x00\x63"),
                                      (9, bytes((TCP,)))],
                         ids=["source port", "port", "destination", "source", "protocol"])
def test_wrong_quotations_are_ignored_by_udp(sockets, datagram, at, data):
    sockets.peer.send_icmp_error(altered(datagram, at, data), UNREACHABLE, PORT)
    sockets.peer.answers()
    assert sockets.receive() == "EAGAIN"


def test_unconnected_socket_hears_of_nothing(sockets):
    assert sockets.do(f"udp nonblock sendto {PEER} 4801 x") == "1"
    sent = sockets.peer.next(protocol=UDP, port=4801)
    sockets.peer.send_icmp_error(sent, UNREACHABLE, PORT)
    sockets.peer.answers()
    assert sockets.receive() == "EAGAIN"
