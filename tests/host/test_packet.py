# SPDX-License-Identifier: MIT
"""AF_PACKET at the wire: what the guest captures is what QEMU's cable carried,
what it injects arrives as it is."""

import os
import struct

import pytest

from frames import BROADCAST, GUEST, IPV4, PEER, PEER_MAC, UDP, ethernet, ip4, udp
from guest import USERTESTS

STRANGER = bytes.fromhex("020000000077")
EXPERIMENT = 0x88B5  # IEEE's EtherType for local experiments


class Capture:
    """The guest's frames, as its `capture` helper prints them."""

    def __init__(self, wire, arguments=""):
        self.guest = wire.guest
        self.closed = False
        self.guest.start(f"{USERTESTS} --helper capture eth0 {arguments}")
        self.guest.expect(rb"listening\r?\n")

    def next(self, timeout=20):
        found = self.guest.expect(rb"(?m)^frame (\w+) ([0-9a-f]+)\r?\n", timeout)
        return found.group(1).decode(), bytes.fromhex(found.group(2).decode())

    def until(self, last):
        """All frames up to one that the test has sent."""
        frames = []
        while not frames or frames[-1][1] != last:
            frames.append(self.next())
        return frames

    def close(self):
        if not self.closed:
            self.guest.interrupt()
        self.closed = True


@pytest.fixture
def capture(wire):
    captures = []

    def start(arguments=""):
        captures.append(Capture(wire, arguments))
        return captures[-1]
    yield start
    for one in captures:
        one.close()  # unless the test has done so


def datagram(data, destination_mac, source_mac=PEER_MAC):
    packet = ip4(UDP, udp(4000, 4001, data))
    return ethernet(IPV4, packet, destination_mac, source_mac)


def end_for(wire):
    """Send the guest a frame that ends a test's part, and is like no other."""
    frame = ethernet(EXPERIMENT, os.urandom(46), wire.peer.guest_mac)
    wire.peer.send_bytes(frame)
    return frame


def pcap_frames(path):
    """The frames of a file that QEMU may be writing still."""
    with open(path, "rb") as file:
        data = file.read()
    at, frames = 24, []
    while at + 16 <= len(data):
        length = struct.unpack_from("<8xI4x", data, at)[0]
        if at + 16 + length > len(data):
            break
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def contains_in_order(all_frames, wanted):
    rest = iter(all_frames)
    return all(any(frame == other for other in rest) for frame in wanted)


# ---- capturing ----

def test_what_is_captured_is_what_the_cable_carried(wire, capture):
    captured = capture()
    for number in range(5):
        wire.peer.send_udp(4000, 4001, b"%d" % number * 100 * number)
        wire.peer.answers()
    frames = captured.until(end_for(wire))
    going = [frame for kind, frame in frames if kind == "outgoing"]
    coming = [frame for kind, frame in frames if kind != "outgoing"]
    assert len(going) >= 10  # five ports that nobody listens at, five pings
    carried = pcap_frames(os.path.join(wire.guest.folder, "net.pcap"))
    # What crosses on the cable has no order.
    assert contains_in_order(carried, going)
    assert contains_in_order(carried, coming)


def test_kinds(wire, capture):
    captured = capture()
    kinds = {"host": wire.peer.guest_mac, "broadcast": BROADCAST,
             "multicast": bytes.fromhex("01005e000009")}
    for to in kinds.values():
        wire.peer.send_bytes(datagram(b"to you", to))
    last = end_for(wire)
    heard = captured.until(last)
    for kind, to in kinds.items():
        assert (kind, datagram(b"to you", to)) in heard


def test_other_stations_are_heard_in_promiscuous_mode_only(wire, capture):
    foreign = datagram(b"not yours", STRANGER)

    def heard(arguments):
        captured = capture(arguments)
        wire.peer.send_bytes(foreign)
        frames = captured.until(end_for(wire))
        captured.close()
        return ("other", foreign) in frames

    assert not heard("")
    assert heard("promiscuous")
    assert not heard("")  # the membership has ended with its socket


# ---- injecting ----

def test_an_injected_frame_arrives_as_it_is(wire):
    frame = datagram(b"injected", PEER_MAC, STRANGER)
    wire.peer.packets.queue.clear()
    wire.guest.check(f"{USERTESTS} --helper inject eth0 {frame.hex()}")
    packet = wire.peer.next(source_port=4000)
    assert packet.source_mac == STRANGER
    assert (packet.source, packet.destination) == (PEER, GUEST)
    assert packet.payload == b"injected"
    carried = pcap_frames(os.path.join(wire.guest.folder, "net.pcap"))
    assert frame in carried
