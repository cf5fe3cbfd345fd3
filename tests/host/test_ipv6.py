# SPDX-License-Identifier: MIT
"""IPv6 on the wire: neighbour discovery (RFC 4861), addresses (RFC 4862), and
both transports, with a peer made of single frames."""

import ipaddress
import struct
import time

import pytest

from frames import (ACK, FRAGMENT, ICMP6, IPV6, PEER_MAC, RST, SYN, TCP, UDP, fragment6,
                    icmp6, ip6, packed, udp)
from rawpeer import PEER_LINK_LOCAL, Connection
from wire import Wire

GUEST6, PEER6 = "fd00:9::2", "fd00:9::1"
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
SOLICITATION, ADVERTISEMENT = 135, 136
ALL_NODES = "ff02::1"


@pytest.fixture(scope="module")
def wire6(boot_once):
    """A guest with a static address and a gateway."""
    wire = Wire(boot_once, f"ip=10.9.0.2/24 ip6={GUEST6}/64,{PEER6}")
    wire.peer.addresses.add(PEER6)
    wait_for_address(wire, GUEST6)
    yield wire
    wire.peer.close()


@pytest.fixture
def sockets6(wire6):
    with wire6.sockets() as sockets:
        yield sockets


def hexadecimal(address):
    return packed(address).hex()


def wait_for_address(wire, address, flags="[08]0"):
    """Until the guest has it, no longer tentative."""
    pattern = f"^{hexadecimal(address)} .. .. .. {flags} "
    wire.guest.check(f"until grep -q '{pattern}' /proc/net/if_inet6; do sleep 0.1; done")


def str_of(address):
    return str(ipaddress.ip_address(address))


def link_local(mac):
    """RFC 4291, appendix A."""
    identifier = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    return packed("fe80::")[:8] + identifier


def solicited_node(address):
    return packed("ff02::1:ff00:0")[:13] + packed(address)[13:]


def multicast_mac(address):
    return b"\x33\x33" + packed(address)[12:]


def send6(wire, protocol, body, source=PEER6, destination=GUEST6, mac=None, **header):
    packet = ip6(protocol, body, source, destination, **header)
    wire.peer.send_frame(mac or wire.peer.guest_mac, IPV6, packet)


def send_icmp6(wire, kind, code, body, source=PEER6, destination=GUEST6, *, spoil=0,
               **header):
    message = icmp6(kind, code, body, source, destination, spoil)
    send6(wire, ICMP6, message, source, destination, **header)


def solicit(wire, target, source=PEER6, *, hop_limit=255, option=b"\1\1" + PEER_MAC):
    group = solicited_node(target)
    send_icmp6(wire, SOLICITATION, 0, bytes(4) + packed(target) + option, source, group,
               hop_limit=hop_limit, mac=multicast_mac(group))


def echo_answered(wire, destination=GUEST6, source=PEER6, number=1):
    body = struct.pack("!HH", 0xEC6, number) + b"payload"
    send_icmp6(wire, 128, 0, body, source, destination)
    answer = wire.peer.next(protocol=ICMP6, kind=129, source=destination)
    assert answer.destination == source and answer.checksum_ok
    assert answer.payload[4:] == body


# ---- neighbour discovery ----

def test_solicitation_is_answered(wire6):
    wire6.clear()
    solicit(wire6, GUEST6)
    answer = wire6.peer.next(protocol=ICMP6, kind=ADVERTISEMENT)
    assert (answer.source, answer.destination) == (GUEST6, PEER6)
    assert answer.ttl == 255 and answer.checksum_ok
    flags = struct.unpack("!L", answer.payload[4:8])[0]
    assert flags == 0x60000000  # solicited, override
    assert answer.payload[8:24] == packed(GUEST6)
    assert answer.payload[24:32] == b"\2\1" + wire6.peer.guest_mac


@pytest.mark.parametrize("fault", [
    {"hop_limit": 64},                  # from another link: RFC 4861, 7.1.1
    {"option": b"\1\0" + PEER_MAC},     # an option without length: 4.6
    {"option": b"\1\2" + PEER_MAC},     # one that does not fit in
    {"option": b"\1\1" + PEER_MAC[:3]},
])
def test_bad_solicitation_is_not(wire6, fault):
    wire6.clear()
    solicit(wire6, GUEST6, **fault)
    send_icmp6(wire6, 128, 0, b"\0\1\0\1")  # answered after it, if it was
    while (answer := wire6.peer.next(protocol=ICMP6, source=GUEST6)).kind != 129:
        assert answer.kind != ADVERTISEMENT


def test_others_are_resolved(wire6, sockets6):
    wire6.clear()
    wire6.peer.addresses.add("fd00:9::33")
    assert sockets6.do("udp6 sendto fd00:9::33 700 hello") == "5"
    question = wire6.peer.next(protocol=ICMP6, kind=SOLICITATION)
    assert question.destination == str_of(solicited_node("fd00:9::33"))
    assert question.destination_mac == multicast_mac(question.destination)
    assert question.ttl == 255
    assert question.payload[24:32] == b"\1\1" + wire6.peer.guest_mac
    datagram = wire6.peer.next(protocol=UDP, port=700)
    assert datagram.payload == b"hello" and datagram.destination_mac == PEER_MAC


def test_nobody_answers(wire6, sockets6):
    assert sockets6.do("tcp6 connect fd00:9::77 80") == "EHOSTUNREACH"


def test_by_the_gateway(wire6, sockets6):
    wire6.clear()
    assert sockets6.do("udp6 sendto 2001:db8::9 700 far") == "3"
    datagram = wire6.peer.next(protocol=UDP, destination="2001:db8::9")
    assert datagram.destination_mac == PEER_MAC and datagram.source == GUEST6


# ---- addresses ----

def test_address_is_asked_for(boot):
    """RFC 4862, 5.4: solicitations from ::, for the link-local address too."""
    wire = Wire(boot, "ip=10.9.0.2/24 ip6=fd00:9::5/64")
    try:
        local = str_of(link_local(wire.peer.guest_mac))
        wait_for_address(wire, local)
        wait_for_address(wire, "fd00:9::5")
        asked = [packet for packet in list(wire.peer.packets.queue)
                 if packet.kind == SOLICITATION and packet.source == "::"]
        targets = {packet.payload[8:24] for packet in asked}
        assert targets == {packed(local), packed("fd00:9::5")}
        for packet in asked:
            assert packet.destination == str_of(solicited_node(packet.payload[8:24]))
    finally:
        wire.peer.close()


def test_address_of_another(boot):
    """Somebody has it: it is not used, and the console says so."""
    wire = Wire(boot, "ip=10.9.0.2/24 ip6=none")
    try:
        guest = link_local(wire.peer.guest_mac)
        wait_for_address(wire, str_of(guest))
        echo_answered(wire, str_of(guest), PEER_LINK_LOCAL)
        body = struct.pack("!L", 0x20000000) + guest + b"\2\1" + PEER_MAC
        send_icmp6(wire, ADVERTISEMENT, 0, body, PEER_LINK_LOCAL, ALL_NODES,
                   hop_limit=255, mac=multicast_mac(ALL_NODES))
        wait_for_address(wire, str_of(guest), flags="c8")
        wire.clear()
        send_icmp6(wire, 128, 0, b"\0\1\0\1", PEER_LINK_LOCAL, str_of(guest))
        assert not [p for p in wire.peer.answers() if p.kind == 129 and p.version == 6]
    finally:
        wire.peer.close()


def advertisement(prefix="fd00:a::", lifetime=1800, valid=3600, mtu=None, dns=None):
    body = struct.pack("!BBHLL", 64, 0, lifetime, 0, 0) + b"\1\1" + PEER_MAC
    body += struct.pack("!BBBBLLL", 3, 4, 64, 0xC0, valid, valid, 0) + packed(prefix)
    if mtu:
        body += struct.pack("!BBHL", 5, 1, 0, mtu)
    if dns:
        body += struct.pack("!BBHL", 25, 3, 0, 1800) + packed(dns)
    return body


def advertise(wire, **fields):
    send_icmp6(wire, ROUTER_ADVERTISEMENT, 0, advertisement(**fields), PEER_LINK_LOCAL,
               ALL_NODES, hop_limit=255, mac=multicast_mac(ALL_NODES))


def test_addresses_from_a_router(boot):
    """RFC 4862, 5.5; RFC 4861, 6.3; and RFC 8106's name servers."""
    wire = Wire(boot, "ip=10.9.0.2/24")
    try:
        wire.peer.next(protocol=ICMP6, kind=ROUTER_SOLICITATION, destination="ff02::2")
        advertise(wire, mtu=1400, dns="fd00:a::53")
        address = str_of(packed("fd00:a::")[:8] + link_local(wire.peer.guest_mac)[8:])
        wait_for_address(wire, address)
        wire.clear()
        echo_answered(wire, address, "2001:db8::77")
        routes = wire.guest.read("/proc/net/ipv6_route")
        assert f"{hexadecimal('fd00:a::')} 40 " in routes
        assert f"{hexadecimal('::')} 00 {hexadecimal('::')} 00 " \
               f"{hexadecimal(PEER_LINK_LOCAL)} " in routes
        wire.guest.check("until grep -q 'nameserver fd00:a::53' /etc/resolv.conf; "
                         "do sleep 0.1; done")
        # A prefix whose time is over leaves (after two hours at least: 5.5.3 e);
        # a router's at once.
        advertise(wire, lifetime=0)
        with wire.sockets() as sockets:
            sockets.do("udp6 set hops 9")
            deadline = time.monotonic() + 20
            while sockets.do("sendto 2001:db8::9 700 x") != "ENETUNREACH":
                assert time.monotonic() < deadline
    finally:
        wire.peer.close()


# ---- echo, errors ----

def test_echo(wire6):
    wire6.clear()
    echo_answered(wire6)
    echo_answered(wire6, str_of(link_local(wire6.peer.guest_mac)), PEER_LINK_LOCAL)


def test_closed_port(wire6):
    wire6.clear()
    send6(wire6, UDP, udp(5000, 9, b"anyone?", source=PEER6, destination=GUEST6))
    error = wire6.peer.next(protocol=ICMP6, kind=1)
    assert error.code == 4 and error.checksum_ok
    assert error.payload[8 + 40 + 8:] == b"anyone?"


@pytest.mark.parametrize("kind, code, errno", [
    (1, 0, "ENETUNREACH"), (1, 1, "EACCES"), (1, 3, "EHOSTUNREACH"),
    (1, 4, "ECONNREFUSED"), (3, 0, "EHOSTUNREACH"),
])
def test_error_ends_connect(sockets6, kind, code, errno):
    sockets6.begin(f"tcp6 connect {PEER6} 4010")
    syn = sockets6.peer.next(protocol=TCP, port=4010, flags=SYN)
    send_icmp6(sockets6.wire, kind, code, bytes(4) + syn.ip)
    assert sockets6.result("connect") == errno
    sockets6.guest.expect(rb"done\r?\n")


def test_error_with_a_bad_checksum_does_not(sockets6):
    sockets6.begin(f"tcp6 connect {PEER6} 4011")
    syn = sockets6.peer.next(protocol=TCP, port=4011, flags=SYN)
    send_icmp6(sockets6.wire, 1, 4, bytes(4) + syn.ip, spoil=1)
    sockets6.peer.send_tcp(4011, syn.source_port, 700, syn.seq + 1, SYN | ACK,
                           source=PEER6, destination=GUEST6)
    assert sockets6.result("connect") == "0"
    sockets6.guest.expect(rb"done\r?\n")


def test_error_to_connected_udp(sockets6):
    sockets6.do(f"udp6 connect {PEER6} 4012 send x")
    datagram = sockets6.peer.next(protocol=UDP, port=4012)
    send_icmp6(sockets6.wire, 1, 4, bytes(4) + datagram.ip)
    assert sockets6.receive() == "ECONNREFUSED"


# ---- transports ----

@pytest.mark.parametrize("address, port", [("::", 4018), (GUEST6, 4019)])
def test_tcp_from_outside(sockets6, address, port):
    assert sockets6.do(f"tcp6 set reuseaddr 1 bind {address} {port} listen 5") == "0"
    connection = Connection.connect(sockets6.peer, port, port, source=PEER6,
                                    destination=GUEST6)
    assert connection, "no answer to the SYN"
    sockets6.do("accept")
    mss = struct.unpack("!H", connection.syn.options[2])[0]
    assert mss == 1500 - 40 - 20
    connection.send_data(b"question")
    assert sockets6.receive() == "question"
    assert sockets6.do("fill 20000") == "20000"
    data = connection.receive(20000)
    assert data == bytes(ord("a") + i % 26 for i in range(20000))
    assert not sockets6.peer.damaged


def test_tcp_to_outside(sockets6):
    sockets6.begin(f"tcp6 connect {PEER6} 4021")
    connection = Connection.accept(sockets6.peer, 4021)
    assert sockets6.result("connect") == "0"
    sockets6.guest.expect(rb"done\r?\n")
    assert (connection.source, connection.destination) == (PEER6, GUEST6)
    assert sockets6.do("send hello") == "5"
    assert connection.receive(5) == b"hello"


def test_tcp_by_link_local(sockets6):
    local = str_of(link_local(sockets6.peer.guest_mac))
    sockets6.begin(f"tcp6 connect {PEER_LINK_LOCAL}%eth0 4022")
    connection = Connection.accept(sockets6.peer, 4022)
    assert sockets6.result("connect") == "0"
    sockets6.guest.expect(rb"done\r?\n")
    assert (connection.source, connection.destination) == (PEER_LINK_LOCAL, local)


def test_tcp_refused(wire6):
    wire6.clear()
    wire6.peer.send_tcp(4023, 9, 1, 0, SYN, source=PEER6, destination=GUEST6)
    answer = wire6.peer.next(protocol=TCP, port=4023)
    assert answer.flags == RST | ACK and answer.ack == 2 and answer.checksum_ok


def test_udp(sockets6):
    assert sockets6.do("udp6 bind :: 4030") == "0"
    send6(sockets6.wire, UDP, udp(4031, 4030, b"there", source=PEER6, destination=GUEST6))
    assert sockets6.receive() == "there"
    assert sockets6.do(f"sendto {PEER6} 4031 back") == "4"
    answer = sockets6.peer.next(protocol=UDP, port=4031)
    assert answer.payload == b"back" and answer.checksum_ok
    assert answer.source_port == 4030


def test_udp_without_checksum_is_dropped(sockets6):
    """RFC 8200, 8.1."""
    assert sockets6.do("udp6 bind :: 4032") == "0"
    datagram = udp(4031, 4032, b"bad", source=PEER6, destination=GUEST6)
    send6(sockets6.wire, UDP, datagram[:6] + b"\0\0" + datagram[8:])
    send6(sockets6.wire, UDP, udp(4031, 4032, b"good", source=PEER6, destination=GUEST6))
    assert sockets6.receive() == "good"


def test_hops_and_class(sockets6):
    assert sockets6.do("udp6 set hops 7 set tclass 40 "
                       f"sendto {PEER6} 4033 x") == "1"
    datagram = sockets6.peer.next(protocol=UDP, port=4033)
    assert (datagram.ttl, datagram.tos) == (7, 40)
    sockets6.begin(f"tcp6 set hops 9 set tclass 8 connect {PEER6} 4034")
    connection = Connection.accept(sockets6.peer, 4034)
    sockets6.guest.expect(rb"done\r?\n")
    assert (connection.syn.ttl, connection.syn.tos) == (9, 8)


# ---- fragments ----

def reassemble(fragments):
    data = {}
    for fragment in fragments:
        (_, header), = fragment.extensions
        data[struct.unpack("!H", header[2:4])[0] & 0xFFF8] = fragment.payload
    whole = b""
    for offset in sorted(data):
        assert offset == len(whole)
        whole += data[offset]
    return whole


def large_datagram(sockets, port, length):
    """The fragments of a datagram of the guest's."""
    assert sockets.do(f"udp6 connect {PEER6} {port} fill {length}") == str(length)
    fragments = []
    while True:
        packet = sockets.peer.next(protocol=UDP)
        fragments.append(packet)
        if not packet.extensions or not packet.extensions[0][1][3] & 1:
            return fragments


def test_fragments_out(sockets6):
    fragments = large_datagram(sockets6, 4040, 5000)
    assert len(fragments) == 4
    assert all(len(fragment.ip) <= 1500 for fragment in fragments)
    datagram = reassemble(fragments)
    assert len(datagram) == 8 + 5000
    assert datagram[8:] == bytes(ord("a") + i % 26 for i in range(5000))


@pytest.mark.parametrize("option", ["discover6 2", "discover6 3", "dontfrag6 1"])
def test_no_fragments(sockets6, option):
    """IPV6_PMTUDISC_DO and _PROBE, IPV6_DONTFRAG."""
    assert sockets6.do(f"udp6 set {option} connect {PEER6} 4043 "
                       f"fill {1500 - 40 - 8}") == "1452"
    assert not sockets6.peer.next(protocol=UDP, port=4043).extensions
    assert sockets6.do(f"fill {1500 - 40 - 7}") == "EMSGSIZE"


def test_fragments_in(sockets6):
    assert sockets6.do("udp6 bind :: 4041") == "0"
    datagram = udp(4031, 4041, b"x" * 3000, source=PEER6, destination=GUEST6)
    parts = [(0, datagram[:1024], 1), (1024, datagram[1024:2048], 1),
             (2048, datagram[2048:], 0)]
    for offset, part, more in reversed(parts):
        send6(sockets6.wire, FRAGMENT, fragment6(UDP, 77, offset, more, part))
    assert sockets6.receive() == "x" * 3000


def test_packet_too_big(sockets6):
    """RFC 8201: a smaller MTU is heeded, one below 1280 is not believed."""
    fragments = large_datagram(sockets6, 4042, 3000)
    for mtu, longest in ((1000, 1500), (1280, 1280)):
        send_icmp6(sockets6.wire, 2, 0, struct.pack("!L", mtu) + fragments[0].ip[:1200])
        echo_answered(sockets6.wire, number=mtu)
        fragments = large_datagram(sockets6, 4042, 3000)
        assert longest - 8 < max(len(fragment.ip) for fragment in fragments) <= longest
