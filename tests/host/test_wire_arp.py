# SPDX-License-Identifier: MIT
"""ARP on the wire (RFC 826, 5227): questions and answers, announcements, claims
to addresses of others, malformed packets, and more neighbours than fit."""

import re

import pytest

from frames import (ARP, BROADCAST, GUEST, ICMP, PEER, PEER_MAC, UDP, arp, icmp, packed)

REQUEST, REPLY = 1, 2
OTHER, OTHER_MAC = "10.9.0.50", bytes.fromhex("02000a090032")
NEW_MAC = bytes.fromhex("02000a0900ff")


def ask(wire, *, destination=BROADCAST, target=GUEST, sender=PEER, mac=PEER_MAC):
    wire.peer.send_frame(destination, ARP, arp(REQUEST, mac, sender, bytes(6), target))


def answers(wire):
    """The ARP frames that answered what was sent so far."""
    wire.peer.answers()
    frames = []
    while not wire.peer.arp_frames.empty():
        frames.append(wire.peer.arp_frames.get())
    return frames


@pytest.fixture(autouse=True)
def quiet(wire):
    """The peer is known, and nothing is left of the test before."""
    ask(wire)
    answers(wire)


def table(wire):
    """The guest's neighbours: {address: hardware address}."""
    rows = wire.guest.read("/proc/net/arp").splitlines()[1:]
    return {row.split()[0]: row.split()[3] for row in rows if row.split()[2] != "0x0"}


@pytest.mark.parametrize("destination", ["broadcast", "unicast"])
def test_question_is_answered(wire, destination):
    guest_mac = wire.peer.guest_mac
    ask(wire, destination=BROADCAST if destination == "broadcast" else guest_mac)
    answer, = answers(wire)
    assert answer[:6] == PEER_MAC and answer[6:12] == guest_mac
    assert answer[14:42] == arp(REPLY, guest_mac, GUEST, PEER_MAC, PEER)


@pytest.mark.parametrize("target", ["10.9.0.3", "10.9.0.255", "255.255.255.255", "0.0.0.0",
                                    "127.0.0.1"])
def test_question_for_others_is_not(wire, target):
    ask(wire, target=target)
    assert answers(wire) == []


def test_probe_for_its_address_is_answered(wire):
    """RFC 5227, 2.1.1: whoever wants to take it asks from 0.0.0.0."""
    ask(wire, sender="0.0.0.0")
    assert len(answers(wire)) == 1
    assert "0.0.0.0" not in table(wire)


def test_asking_makes_known(wire):
    ask(wire, sender=OTHER, mac=OTHER_MAC)
    answers(wire)
    assert table(wire)[OTHER] == OTHER_MAC.hex(":")


def test_announcement_changes_what_is_known(wire):
    """A host has a new card: its neighbours hear of it at once."""
    wire.peer.send_frame(BROADCAST, ARP, arp(REQUEST, NEW_MAC, PEER, bytes(6), PEER))
    wire.peer.send_ip(ICMP, icmp(8, 0, 77))
    assert wire.peer.next(protocol=ICMP, kind=0).destination_mac == NEW_MAC
    wire.peer.send_frame(BROADCAST, ARP, arp(REPLY, PEER_MAC, PEER, BROADCAST, PEER))
    wire.peer.send_ip(ICMP, icmp(8, 0, 78))
    assert wire.peer.next(protocol=ICMP, kind=0).destination_mac == PEER_MAC


def test_announcement_of_strangers_is_not_remembered(wire):
    for i in range(60, 70):
        address = f"10.9.0.{i}"
        wire.peer.send_frame(BROADCAST, ARP, arp(REQUEST, NEW_MAC, address, bytes(6), address))
        wire.peer.send_frame(BROADCAST, ARP, arp(REPLY, NEW_MAC, address, NEW_MAC, address))
    answers(wire)
    assert not [address for address in table(wire) if address[:7] == "10.9.0.6"]


def test_claim_to_its_own_address(wire):
    """The guest keeps it, and does not look for itself at the claimant's."""
    for operation in (REQUEST, REPLY):
        wire.peer.send_frame(BROADCAST, ARP, arp(operation, NEW_MAC, GUEST, bytes(6), GUEST))
        wire.peer.send_frame(wire.peer.guest_mac, ARP,
                             arp(operation, NEW_MAC, GUEST, PEER_MAC, GUEST))
    answers(wire)
    assert GUEST not in table(wire)
    ask(wire)
    assert len(answers(wire)) == 1


@pytest.mark.parametrize("at, data", [(0, b"\0\2"), (2, b"\x86\xdd"), (4, b"\5"), (4, b"\xff"),
                                      (5, b"\x10"), (5, b"\0"), (6, b"\0\0"), (6, b"\0\x63")],
                         ids=["hardware", "protocol", "short address", "long address",
                              "IPv6's length", "no length", "operation 0", "operation 99"])
def test_malformed_question_is_ignored(wire, at, data):
    body = arp(REQUEST, OTHER_MAC, "10.9.0.51", bytes(6), GUEST)
    body = body[:at] + data + body[at + len(data):]
    wire.peer.send_frame(BROADCAST, ARP, body)
    assert answers(wire) == []


@pytest.mark.parametrize("length", [0, 7, 8, 14, 20, 27])
def test_truncated_question_is_ignored(wire, length):
    frame = BROADCAST + PEER_MAC + b"\x08\x06" + arp(REQUEST, PEER_MAC, PEER, bytes(6), GUEST)
    wire.peer.send_bytes(frame[:14 + length])
    # QEMU fills short frames up with zeros, which makes other questions of them.
    assert [answer for answer in answers(wire) if answer[38:42] == packed(PEER)] == []


def test_more_neighbours_than_fit(wire):
    """The oldest give way, for a while: the peer is asked for again."""
    for i in range(1000):
        ask(wire, sender=f"10.9.0.{i % 200 + 20}", mac=OTHER_MAC[:4] + i.to_bytes(2, "big"))
        if i % 100 == 0:
            answers(wire)
    answers(wire)
    assert len(table(wire)) >= 100
    wire.probe(f"udp sendto {PEER} 9 x")
    assert wire.peer.next(protocol=UDP).destination_mac == PEER_MAC
    wire.finish()


def test_packets_wait_for_the_answer(wire):
    """And leave in order, once."""
    address = "10.9.0.250"
    wire.probe("udp " + " ".join(f"sendto {address} 9 {i}" for i in range(5)))
    wire.finish()
    assert address in [asked for _, asked in wire.peer.arp_requests]
    wire.peer.send_frame(wire.peer.guest_mac, ARP,
                         arp(REPLY, OTHER_MAC, address, wire.peer.guest_mac, GUEST))
    sent = [wire.peer.next(protocol=UDP, destination=address) for _ in range(5)]
    assert [packet.payload for packet in sent] == [b"%d" % i for i in range(5)]
    assert {packet.destination_mac for packet in sent} == {OTHER_MAC}
    assert re.match(r"02:", table(wire)[address])
