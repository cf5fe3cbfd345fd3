# SPDX-License-Identifier: MIT
"""Several addresses and a table of routes, as the wire sees them: whom the guest
answers for, by whom its packets go, and in whose name it asks."""

import pytest

from frames import (ARP, BROADCAST, ICMP, IPV4, PEER, PEER_MAC, UDP, arp, icmp, ip4,
                    packed, udp)

SECOND, OTHER_NETWORK = "10.9.0.99", "192.168.7.1"
NEIGHBOUR, GATEWAY, GATEWAY_MAC = "192.168.7.2", "192.168.7.254", b"\2\0\0\0\0\xfe"
BEYOND = "172.16.5.5"


@pytest.fixture
def addressed(wire):
    """The guest with three addresses in two networks, and a route by a gateway."""
    commands = [f"addr %s {SECOND}/24 dev eth0", f"addr %s {OTHER_NETWORK}/24 dev eth0",
                f"route %s 172.16.0.0/12 via {GATEWAY}"]
    for command in commands:
        wire.guest.check("ip " + command % "add")
    wire.peer.addresses.add(NEIGHBOUR)
    yield wire
    wire.peer.addresses.remove(NEIGHBOUR)
    for command in reversed(commands):
        wire.guest.check("ip " + command % "del")


def who_has(wire, address):
    """Ask for an address by ARP: the guest's answer, or None if it had none by
    the time at which it answered something later."""
    peer = wire.peer
    while not peer.arp_frames.empty():
        peer.arp_frames.get()
    peer.send_frame(BROADCAST, ARP, arp(1, PEER_MAC, PEER, bytes(6), address))
    peer.answers()
    while not peer.arp_frames.empty():
        frame = peer.arp_frames.get()
        if frame[28:32] == packed(address):
            return frame
    return None


def test_arp_is_answered_for_every_address(addressed):
    for address in (SECOND, OTHER_NETWORK):
        frame = who_has(addressed, address)
        assert frame[20:22] == b"\0\2" and frame[22:28] == addressed.peer.guest_mac
        assert frame[32:38] == PEER_MAC
    assert who_has(addressed, "10.9.0.98") is None


def test_addresses_that_are_gone_are_not_answered_for(addressed):
    addressed.guest.check(f"ip addr del {SECOND}/24 dev eth0")
    assert who_has(addressed, SECOND) is None
    addressed.guest.check(f"ip addr add {SECOND}/24 dev eth0")
    assert who_has(addressed, SECOND) is not None


def test_echo_at_every_address(addressed):
    for address in (SECOND, OTHER_NETWORK):
        addressed.peer.send_ip(ICMP, icmp(8, 0, 0x12340001), destination=address)
        answer = addressed.peer.next(protocol=ICMP, source=address)
        assert answer.kind == 0


def test_a_neighbour_is_asked_for_in_the_networks_own_name(addressed):
    with addressed.sockets() as sockets:
        assert sockets.do(f"udp sendto {NEIGHBOUR} 4001 abc") == "3"
        packet = addressed.peer.next(protocol=UDP, port=4001)
    assert packet.source == OTHER_NETWORK
    assert packet.destination == NEIGHBOUR
    assert (NEIGHBOUR, OTHER_NETWORK) in addressed.peer.askers


def test_the_route_says_the_next_hop(addressed):
    """The frame goes to the gateway's hardware address, the packet beyond."""
    addressed.guest.check(f"ip neigh add {GATEWAY} lladdr 02:00:00:00:00:fe dev eth0")
    with addressed.sockets() as sockets:
        assert sockets.do(f"udp sendto {BEYOND} 4002 abc") == "3"
        packet = addressed.peer.next(protocol=UDP, port=4002)
    addressed.guest.check(f"ip neigh del {GATEWAY} dev eth0")
    assert packet.destination == BEYOND
    assert packet.source == OTHER_NETWORK
    assert packet.destination_mac == GATEWAY_MAC


def test_a_broadcast_of_the_other_network_arrives(addressed):
    everyone = "192.168.7.255"
    with addressed.sockets() as sockets:
        assert sockets.do("udp bind 0.0.0.0 4003 nonblock") == "0"
        datagram = udp(9, 4003, b"hello", source=NEIGHBOUR, destination=everyone)
        addressed.peer.send_frame(BROADCAST, IPV4, ip4(UDP, datagram, NEIGHBOUR, everyone))
        addressed.peer.answers()
        assert sockets.receive() == "hello"


def test_a_link_that_is_down_is_silent(addressed):
    addressed.guest.check("ip link set eth0 down")
    addressed.peer.send_ip(ICMP, icmp(8, 0, 0x12340002))
    addressed.guest.check("ip link set eth0 up")
    addressed.peer.send_ip(ICMP, icmp(8, 0, 0x12340003))
    assert addressed.peer.next(protocol=ICMP, kind=0).payload[4:8] == b"\x12\x34\0\3"
    addressed.guest.check(f"ip route add 172.16.0.0/12 via {GATEWAY}")
    addressed.guest.check(f"ip route add default via {PEER}")
