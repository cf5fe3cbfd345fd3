# SPDX-License-Identifier: MIT
"""A peer made of single frames, at the other end of `-netdev dgram`.

QEMU sends each Ethernet frame as a datagram to a Unix socket, and takes what
comes back. The peer answers ARP for its own address; everything else is up to
the test, which takes the guest's packets from a queue and makes its own. Just
enough of Ethernet, ARP (RFC 826), IPv4 (RFC 791), ICMP (RFC 792), UDP (RFC 768)
and TCP (RFC 9293) for that.
"""

import os
import queue
import socket
import struct
import tempfile
import threading
import time
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ICMP, TCP, UDP = 1, 6, 17
GUEST, PEER = "10.9.0.2", "10.9.0.1"
PEER_MAC = bytes.fromhex("02000a090001")
BROADCAST = b"\xff" * 6


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def flag_names(flags):
    names = [name for name, bit in (("FIN", FIN), ("SYN", SYN), ("RST", RST),
                                    ("PSH", PSH), ("ACK", ACK)) if flags & bit]
    return "+".join(names) or "none"


@dataclass
class Packet:
    """An IPv4 packet of the guest's, taken apart."""
    time: float
    source: str
    destination: str
    protocol: int
    ttl: int
    tos: int
    payload: bytes  # of IP, or of the transport where there is one
    source_port: int = 0
    port: int = 0
    seq: int = 0
    ack: int = 0
    flags: int = 0
    window: int = 0
    options: dict = field(default_factory=dict)  # TCP option kind -> bytes
    checksum_ok: bool = True

    def __str__(self):
        if self.protocol != TCP:
            return f"protocol {self.protocol}, {len(self.payload)} bytes"
        return (f"{flag_names(self.flags)} seq {self.seq} ack {self.ack} window "
                f"{self.window}, {len(self.payload)} bytes")


def tcp_options(data):
    options = {}
    while data and data[0] != 0:
        if data[0] == 1:
            data = data[1:]
            continue
        options[data[0]] = data[2:data[1]]
        data = data[max(data[1], 2):]
    return options


def parse(frame):
    """A Packet, or None for what is not IPv4."""
    if frame[12:14] != b"\x08\x00":
        return None
    header_length = (frame[14] & 15) * 4
    ip = frame[14:14 + struct.unpack("!H", frame[16:18])[0]]
    packet = Packet(time.monotonic(), socket.inet_ntoa(ip[12:16]),
                    socket.inet_ntoa(ip[16:20]), ip[9], ip[8], ip[1],
                    ip[header_length:])
    packet.checksum_ok = checksum(ip[:header_length]) == 0
    body = packet.payload
    if packet.protocol in (TCP, UDP):
        pseudo = ip[12:20] + struct.pack("!BBH", 0, packet.protocol, len(body))
        packet.checksum_ok &= checksum(pseudo + body) == 0
        packet.source_port, packet.port = struct.unpack("!HH", body[:4])
    if packet.protocol == UDP:
        packet.payload = body[8:]
    if packet.protocol == TCP:
        packet.seq, packet.ack, offset, packet.flags, packet.window = \
            struct.unpack("!LLBBH", body[4:16])
        packet.options = tcp_options(body[20:(offset >> 4) * 4])
        packet.payload = body[(offset >> 4) * 4:]
    return packet


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
        self.addresses = {PEER}
        self.arp_requests = []
        self.packets = queue.Queue()
        self.damaged = []  # packets of the guest's with a wrong checksum
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(ours)
        self.identification = 0
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
            return  # an answer, or the guest announcing itself
        self.arp_requests.append((time.monotonic(), asked))
        if self.answer_arp and asked in self.addresses:
            self.guest_mac = sender
            self.send_frame(sender, 0x0806, struct.pack("!HHBBH", 1, 0x800, 6, 4, 2)
                            + PEER_MAC + frame[38:42] + sender + frame[28:32])

    def resolve(self, deadline=20):
        """Find the guest's hardware address by ARP, as any host would."""
        end = time.monotonic() + deadline
        question = (struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + PEER_MAC
                    + socket.inet_aton(PEER) + bytes(6) + socket.inet_aton(GUEST))
        while self.guest_mac is None:
            self.send_frame(BROADCAST, 0x0806, question)
            time.sleep(0.1)
            if time.monotonic() > end:
                raise TimeoutError("the guest answers no ARP")

    def send_frame(self, destination, kind, body):
        frame = destination + PEER_MAC + struct.pack("!H", kind) + body
        try:
            self.socket.sendto(frame.ljust(60, b"\0"), self.guest_path)
        except (FileNotFoundError, ConnectionRefusedError):
            pass  # QEMU is not there yet, or no more

    def send_ip(self, protocol, body, source=PEER, **header):
        self.identification += 1
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, header.get("tos", 0), 20 + len(body),
                         self.identification & 0xFFFF, header.get("fragment", 0), 64,
                         protocol, 0, socket.inet_aton(source), socket.inet_aton(GUEST))
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.send_frame(self.guest_mac, 0x0800, ip + body)

    def _with_checksum(self, protocol, segment, at, source, spoil):
        pseudo = (socket.inet_aton(source) + socket.inet_aton(GUEST)
                  + struct.pack("!BBH", 0, protocol, len(segment)))
        total = checksum(pseudo + segment) ^ spoil
        return segment[:at] + struct.pack("!H", total) + segment[at + 2:]

    def send_udp(self, source_port, port, data, source=PEER, spoil=0):
        segment = struct.pack("!HHHH", source_port, port, 8 + len(data), 0) + data
        self.send_ip(UDP, self._with_checksum(UDP, segment, 6, source, spoil), source)

    def send_tcp(self, source_port, port, seq, ack, flags, data=b"", *, window=65535,
                 options=b"", source=PEER, spoil=0):
        segment = struct.pack("!HHLLBBHHH", source_port, port, seq & 0xFFFFFFFF,
                              ack & 0xFFFFFFFF, (20 + len(options)) // 4 << 4, flags,
                              window, 0, 0) + options + data
        self.send_ip(TCP, self._with_checksum(TCP, segment, 16, source, spoil), source)

    def send_unreachable(self, packet, code):
        """ICMP destination unreachable, about a packet of the guest's."""
        if packet.protocol == TCP:
            start = struct.pack("!HHL", packet.source_port, packet.port, packet.seq)
        else:
            start = struct.pack("!HHHH", packet.source_port, packet.port,
                                8 + len(packet.payload), 0)
        original = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, packet.protocol, 0,
            socket.inet_aton(packet.source), socket.inet_aton(packet.destination)) + start
        body = struct.pack("!BBHL", 3, code, 0, 0) + original
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        self.send_ip(ICMP, body)

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


class Connection:
    """The peer's end of one TCP connection. Acknowledges only when told to."""

    def __init__(self, peer, port, guest_port):
        self.peer, self.port, self.guest_port = peer, port, guest_port
        self.seq, self.ack, self.window = 1000, 0, 65535
        self.syn = None

    @classmethod
    def accept(cls, peer, port, **options):
        """Answer the guest's connect to a port of ours."""
        syn = peer.next(protocol=TCP, port=port, flags=SYN)
        self = cls(peer, port, syn.source_port)
        self.syn, self.ack = syn, syn.seq + 1
        self.window = options.pop("window", 65535)
        self.send(SYN | ACK, **options)
        self.seq += 1
        self.expect(flags=ACK)
        return self

    @classmethod
    def connect(cls, peer, port, guest_port, timeout=5):
        """Connect to a port of the guest; None if it stays silent."""
        self = cls(peer, port, guest_port)
        self.send(SYN)
        try:
            answer = self.expect(timeout)
        except TimeoutError:
            return None
        assert answer.flags == SYN | ACK, f"a SYN was answered by {answer}"
        self.seq += 1
        self.ack = answer.seq + 1
        self.send(ACK)
        return self

    def send(self, flags, data=b"", **options):
        self.peer.send_tcp(self.port, self.guest_port, self.seq, self.ack, flags, data,
                           window=options.pop("window", self.window), **options)

    def send_data(self, data):
        self.send(PSH | ACK, data)
        self.seq += len(data)

    def expect(self, timeout=20, **wanted):
        return self.peer.next(timeout, protocol=TCP, source_port=self.guest_port,
                              port=self.port, **wanted)

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
