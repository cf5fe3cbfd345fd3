# SPDX-License-Identifier: MIT
"""Raw and ping sockets on the wire: what they send, byte by byte, and which of
the packets that come they are shown."""

import re
import struct

import pytest

from frames import GUEST, ICMP, ICMP6, PEER, checksum, icmp
from test_ipv6 import GUEST6, PEER6, send_icmp6, sockets6, wire6

__all__ = ["sockets6", "wire6"]
PROTOCOL = 253  # RFC 3692: for experiments
AF_INET, AF_INET6 = 2, 10
DONT_FRAGMENT = 0x4000


def received(sockets):
    """The bytes of the next packet that the guest's socket has."""
    sockets.begin("recvhex")
    text = sockets.guest.expect(rb"(?s)^(.*?)done\r?\n", 30).group(1).decode()
    return bytes.fromhex(re.search(r"hex: ([0-9a-f]*)", text).group(1))


# ---- raw ----

def test_raw_packet(sockets):
    assert sockets.do(f"raw {AF_INET} {PROTOCOL} set ttl 9 set tos 16 "
                      f"hexto {PEER} 0 c0ffee") == "3"
    packet = sockets.peer.next(protocol=PROTOCOL)
    assert packet.payload == b"\xc0\xff\xee"
    assert (packet.source, packet.ttl, packet.tos) == (GUEST, 9, 16)
    assert packet.checksum_ok
    assert struct.unpack("!H", packet.ip[6:8])[0] == DONT_FRAGMENT


def test_raw_fragments(sockets):
    assert sockets.do(f"raw {AF_INET} {PROTOCOL} connect {PEER} 1 fill 4000") == "4000"
    fragments = [sockets.peer.next(protocol=PROTOCOL) for _ in range(3)]
    numbers = {struct.unpack("!H", fragment.ip[4:6])[0] for fragment in fragments}
    assert len(numbers) == 1 and 0 not in numbers
    data = b"".join(fragment.payload for fragment in fragments)
    assert data == bytes(ord("a") + i % 26 for i in range(4000))


def test_own_header(sockets):
    """IP_HDRINCL: source, number, length and checksum are filled in; the rest is
    what the user wrote, and goes where sendto says."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0x48, 7, 0, 0, 77, PROTOCOL, 0,
                         bytes(4), bytes([192, 0, 2, 8]))
    assert sockets.do(f"raw {AF_INET} 255 hexto {PEER} 0 {(header + b'own').hex()}") == "23"
    packet = sockets.peer.next(protocol=PROTOCOL)
    assert (packet.source, packet.destination) == (GUEST, "192.0.2.8")
    assert (packet.ttl, packet.tos, packet.payload) == (77, 0x48, b"own")
    assert packet.checksum_ok and struct.unpack("!H", packet.ip[4:6])[0] != 0


def test_raw_receives_from_the_wire(sockets):
    assert sockets.do(f"raw {AF_INET} {PROTOCOL} set ttl 9") == "0"
    sockets.peer.send_ip(PROTOCOL, b"hello", ttl=33)
    packet = received(sockets)
    assert packet[8] == 33 and packet[20:] == b"hello"
    assert checksum(packet[:20]) == 0


def test_unknown_protocol_is_unreachable_unless_somebody_listens(sockets):
    sockets.do(f"raw {AF_INET} {PROTOCOL} set ttl 9")
    sockets.peer.send_ip(PROTOCOL, b"known")
    sockets.peer.send_ip(PROTOCOL + 1, b"unknown")
    errors = [packet for packet in sockets.peer.answers(protocol=ICMP) if packet.kind == 3]
    assert [packet.payload[8 + 20:] for packet in errors] == [b"unknown"]
    assert errors[0].code == 2


def test_raw6_packet(sockets6):
    assert sockets6.do(f"raw {AF_INET6} {PROTOCOL} set hops 9 "
                       f"hexto {PEER6} 0 c0ffee") == "3"
    packet = sockets6.peer.next(protocol=PROTOCOL)
    assert packet.payload == b"\xc0\xff\xee"
    assert (packet.source, packet.ttl, packet.version) == (GUEST6, 9, 6)


def test_icmp6_checksum_is_filled_in(sockets6):
    assert sockets6.do(f"raw {AF_INET6} {ICMP6} "
                       f"hexto {PEER6} 0 80001234000100025a") == "9"
    packet = sockets6.peer.next(protocol=ICMP6, kind=128)
    assert packet.checksum_ok and packet.payload[4:] == b"\0\1\0\2\x5a"


def test_icmp6_with_a_bad_checksum_is_not_shown(sockets6):
    assert sockets6.do(f"raw {AF_INET6} {ICMP6} set hops 9") == "0"
    send_icmp6(sockets6.wire, 200, 0, b"bad!", spoil=1)
    send_icmp6(sockets6.wire, 200, 0, b"good")
    while (message := received(sockets6))[0] != 200:
        pass  # neighbour discovery
    assert message[4:] == b"good"


# ---- ping ----

@pytest.fixture
def ping(sockets):
    """A ping socket that has sent a request, and the request."""
    assert sockets.do(f"dgram {AF_INET} {ICMP} connect {PEER} 1 "
                      f"hexto {PEER} 0 080000000000000770696e67") == "12"
    return sockets, sockets.peer.next(protocol=ICMP, kind=8)


def test_request(ping):
    _, request = ping
    assert request.checksum_ok and request.code == 0
    assert request.payload[4:6] != b"\0\0"  # the identifier is the port
    assert request.payload[6:] == b"\0\7ping"


def test_only_its_answers(ping):
    sockets, request = ping
    identifier = struct.unpack("!H", request.payload[4:6])[0]
    for number, fields in enumerate([
            dict(rest=(identifier ^ 1) << 16),           # another's
            dict(rest=identifier << 16, spoil=1),        # damaged
            dict(rest=identifier << 16, kind=8),         # a request
            dict(rest=identifier << 16, kind=0)]):       # the answer
        fields = {"kind": 0, **fields}
        sockets.peer.send_ip(ICMP, icmp(fields.pop("kind"), 0, fields.pop("rest") | number,
                                        b"body", **fields))
    answer = received(sockets)
    assert answer[0] == 0 and answer[6:] == b"\0\3body"
    assert sockets.do("nonblock recvhex") == "EAGAIN"


def test_error_about_a_request(ping):
    sockets, request = ping
    sockets.peer.send_icmp_error(request, 3, 10)  # host prohibited
    assert sockets.do("recvhex") == "EHOSTUNREACH"


def test_request6(sockets6):
    assert sockets6.do(f"dgram {AF_INET6} {ICMP6} connect {PEER6} 1 "
                       f"hexto {PEER6} 0 800000000000000770696e67") == "12"
    request = sockets6.peer.next(protocol=ICMP6, kind=128)
    assert request.checksum_ok and request.payload[6:] == b"\0\7ping"
    send_icmp6(sockets6.wire, 129, 0, bytes(2) + request.payload[6:])
    send_icmp6(sockets6.wire, 129, 0, request.payload[4:])
    assert received(sockets6)[4:] == request.payload[4:]
    send_icmp6(sockets6.wire, 1, 4, bytes(4) + request.ip)
    assert sockets6.do("recvhex") == "ECONNREFUSED"


def test_ping_program(wire):
    wire.clear()
    wire.guest.start(f"ping -c 1 -s 3 {PEER}; echo end''=$?")
    request = wire.peer.next(protocol=ICMP, kind=8)
    rest = struct.unpack("!L", request.payload[4:8])[0]
    wire.peer.send_ip(ICMP, icmp(0, 0, rest, request.payload[8:]))
    wire.guest.expect(rb"11 bytes from %s: icmp_seq=1 " % PEER.encode())
    wire.guest.expect(rb"1 sent, 1 received, 0% lost")
    wire.guest.expect(rb"end=0\r?\n")
    wire.guest.expect(rb"wharf# $")
