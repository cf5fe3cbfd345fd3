# SPDX-License-Identifier: MIT
"""A peer made of single frames, at the other end of `-netdev dgram`.

QEMU sends each Ethernet frame as a datagram to a Unix socket, and takes what
comes back. The peer answers ARP and neighbour solicitations for its own
addresses; everything else is up to the test, which takes the guest's packets
from a queue and makes its own (frames.py).
"""

import contextlib
import os
import queue
import socket
import struct
import tempfile
import threading
import time

from frames import (ACK, ARP, BROADCAST, FIN, GUEST, ICMP, ICMP6, IPV4, IPV6, PEER,
                    PEER_MAC, PSH, RST, SYN, TCP, UDP, arp, checksum, ethernet, icmp,
                    icmp6, ip4, ip6, packed, parse, tcp, udp)

__all__ = ["ACK", "FIN", "GUEST", "ICMP", "PEER", "PSH", "RST", "SYN", "TCP", "UDP",
           "Connection", "RawPeer", "checksum"]

NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 135, 136
SOLICITED_OVERRIDE = 0x60000000
PEER_LINK_LOCAL = "fe80::aff:fe09:1"  # of PEER_MAC, by RFC 4291, appendix A


class RawPeer:
    """Owns the two sockets. `netdev` is what QEMU is to be told."""

    def __init__(self, answer_arp=True):
        self.folder = tempfile.TemporaryDirectory(prefix="wharf-peer-")
        ours, theirs = (os.path.join(self.folder.name, name) for name in ("a", "b"))
        self.netdev = (f"dgram,local.type=unix,local.path={theirs},"
                       f"remote.type=unix,remote.path={ours}")
        self.guest_path = theirs
        self.guest_mac = None
        self.answer_arp = answer_arp
        self.addresses = {PEER, PEER_LINK_LOCAL}
        self.arp_requests = []     # (time, address)
        self.askers = set()        # (address, who asked for it)
        self.arp_frames = queue.Queue()  # all ARP that is no question to us
        self.packets = queue.Queue()
        self.damaged = []  # packets of the guest's with a wrong checksum
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(ours)
        self.identification = self.echoes = 0
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()
        self.folder.cleanup()

    def _receive(self):
        while True:
            try:
                frame = self.socket.recv(1 << 17)
            except OSError:
                return
            if not frame:
                return
            if frame[12:14] == b"\x08\x06":
                self._arp(frame)
                continue
            packet = parse(frame)
            if packet:
                self._neighbour(packet)
                self.guest_mac = frame[6:12]
                self.packets.put(packet)
                if not packet.checksum_ok:
                    self.damaged.append(packet)

    def _arp(self, frame):
        operation, sender = struct.unpack("!H", frame[20:22])[0], frame[22:28]
        asked = socket.inet_ntoa(frame[38:42])
        if operation == 2:
            self.guest_mac = sender
        if operation != 1 or frame[28:32] == frame[38:42]:
            self.arp_frames.put(frame)
            return  # an answer, or the guest announcing itself
        self.arp_requests.append((time.monotonic(), asked))
        self.askers.add((asked, socket.inet_ntoa(frame[28:32])))
        if self.answer_arp and asked in self.addresses:
            self.guest_mac = sender
            self.send_frame(sender, ARP, arp(2, PEER_MAC, asked, sender, frame[28:32]))

    def _neighbour(self, packet):
        """Answer a neighbour solicitation for an address of ours."""
        if packet.kind != NEIGHBOUR_SOLICITATION or packet.protocol != ICMP6:
            return
        asked = packet.payload[8:24]
        if asked in {packed(address) for address in self.addresses} \
                and packet.source != "::":
            body = struct.pack("!L", SOLICITED_OVERRIDE) + asked + b"\2\1" + PEER_MAC
            answer = icmp6(NEIGHBOUR_ADVERTISEMENT, 0, body, asked, packet.source)
            self.send_frame(packet.source_mac, IPV6,
                            ip6(ICMP6, answer, asked, packet.source, hop_limit=255))

    def resolve(self, deadline=20):
        """Find the guest's hardware address by ARP, as any host would."""
        end = time.monotonic() + deadline
        while self.guest_mac is None:
            self.send_frame(BROADCAST, ARP, arp(1, PEER_MAC, PEER, bytes(6), GUEST))
            time.sleep(0.1)
            if time.monotonic() > end:
                raise TimeoutError("the guest answers no ARP")

    def send_bytes(self, frame):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            self.socket.sendto(frame, self.guest_path)  # QEMU may be no more

    def send_frame(self, destination, kind, body):
        self.send_bytes(ethernet(kind, body, destination))

    def send_ip(self, protocol, body, source=PEER, destination=GUEST, **header):
        """A packet of either version, as the addresses say."""
        if ":" in source:
            packet = ip6(protocol, body, source, destination, **header)
            self.send_frame(self.guest_mac, IPV6, packet)
            return
        self.identification += 1
        header.setdefault("identification", self.identification)
        packet = ip4(protocol, body, source, destination, **header)
        self.send_frame(self.guest_mac, IPV4, packet)

    def send_udp(self, source_port, port, data, source=PEER, destination=GUEST, **fields):
        self.send_ip(UDP, udp(source_port, port, data, source=source,
                              destination=destination, **fields), source, destination)

    def send_tcp(self, source_port, port, seq, ack, flags, data=b"", source=PEER,
                 destination=GUEST, **fields):
        self.send_ip(TCP, tcp(source_port, port, seq, ack, flags, data, source=source,
                              destination=destination, **fields), source, destination)

    def send_icmp_error(self, packet, kind, code, rest=0, *, seq=None, source=PEER):
        """An ICMP error about a packet of the guest's, or one not quite like it."""
        start = packet.ip[20:28]
        if seq is not None:
            start = start[:4] + struct.pack("!L", seq & 0xFFFFFFFF)
        self.send_ip(ICMP, icmp(kind, code, rest, packet.ip[:20] + start), source)

    def send_unreachable(self, packet, code):
        """ICMP destination unreachable, about a packet of the guest's."""
        self.send_icmp_error(packet, 3, code)

    def next(self, timeout=20, **wanted):
        """The next packet whose fields are as wanted; others are dropped."""
        end = time.monotonic() + timeout
        while True:
            try:
                packet = self.packets.get(timeout=max(end - time.monotonic(), 0))
            except queue.Empty:
                raise TimeoutError(f"no packet with {wanted} in {timeout} s") from None
            if all(getattr(packet, name) == value for name, value in wanted.items()):
                return packet

    def all_within(self, seconds, **wanted):
        """Every packet of a stretch of time."""
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found.append(self.next(end - time.monotonic(), **wanted))
            except TimeoutError:
                break
        return found

    def answers(self, timeout=20, **wanted):
        """What the guest has answered at once to all that was sent so far. It
        takes packets in one after the other, so the answer to an echo request
        says that it has seen what went before: no need to wait for silence. It
        is asked again now and then, since a full ring may drop an answer. IPv6
        has to be wanted, since the guest speaks of itself there."""
        wanted.setdefault("version", 4)
        found, end = [], time.monotonic() + timeout
        while True:
            name = self._ask_for_echo()
            try:
                while True:
                    packet = self.next(min(2, end - time.monotonic()))
                    if packet.kind == 0 and packet.payload[4:8] == name:
                        return found
                    if all(getattr(packet, key) == value
                           for key, value in wanted.items()):
                        found.append(packet)
            except TimeoutError:
                if time.monotonic() > end:
                    raise

    def _ask_for_echo(self):
        self.echoes += 1
        name = struct.pack("!HH", 0xEC0, self.echoes & 0xFFFF)
        self.send_ip(ICMP, icmp(8, 0, int.from_bytes(name, "big")))
        return name


class Connection:
    """The peer's end of one TCP connection. Acknowledges only when told to."""

    def __init__(self, peer, port, guest_port, source=PEER, destination=GUEST):
        self.peer, self.port, self.guest_port = peer, port, guest_port
        self.source, self.destination = source, destination
        self.seq, self.ack, self.window = 1000, 0, 65535
        self.syn = None

    @classmethod
    def accept(cls, peer, port, **options):
        """Answer the guest's connect to a port of ours."""
        syn = peer.next(protocol=TCP, port=port, flags=SYN)
        self = cls(peer, port, syn.source_port, syn.destination, syn.source)
        self.syn, self.ack = syn, syn.seq + 1
        self.window = options.pop("window", 65535)
        self.send(SYN | ACK, **options)
        self.seq += 1
        self.expect(flags=ACK)
        return self

    @classmethod
    def connect(cls, peer, port, guest_port, timeout=5, *, options=b"", window=65535,
                **addresses):
        """Connect to a port of the guest; None if it stays silent."""
        self = cls(peer, port, guest_port, **addresses)
        self.window = window
        self.send(SYN, options=options)
        try:
            answer = self.expect(timeout)
        except TimeoutError:
            return None
        assert answer.flags == SYN | ACK, f"a SYN was answered by {answer}"
        self.syn = answer
        self.seq += 1
        self.ack = answer.seq + 1
        self.send(ACK)
        return self

    def send(self, flags, data=b"", **options):
        self.peer.send_tcp(
            self.port, self.guest_port, options.pop("seq", self.seq),
            options.pop("ack", self.ack), flags, data, self.source, self.destination,
            window=options.pop("window", self.window), **options)

    def send_data(self, data):
        self.send(PSH | ACK, data)
        self.seq += len(data)

    def expect(self, timeout=20, **wanted):
        return self.peer.next(timeout, protocol=TCP, source_port=self.guest_port,
                              port=self.port, **wanted)

    def answers(self):
        """What the guest has answered at once to all that was sent."""
        return self.peer.answers(protocol=TCP, port=self.port,
                                 source_port=self.guest_port)

    def all_within(self, seconds):
        return self.peer.all_within(seconds, protocol=TCP, port=self.port,
                                    source_port=self.guest_port)

    def receive(self, length, timeout=20):
        """Takes data in order, acknowledging each segment."""
        data, end = b"", time.monotonic() + timeout
        while len(data) < length:
            packet = self.expect(end - time.monotonic())
            assert not packet.flags & RST, "the guest reset the connection"
            known = (self.ack - packet.seq) & 0xFFFFFFFF  # sent again: trimmed
            if known < len(packet.payload):
                data += packet.payload[known:]
                self.ack += len(packet.payload) - known
            if packet.payload:
                self.send(ACK)
        return data
