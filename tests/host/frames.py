# SPDX-License-Identifier: MIT
"""Frames, made and taken apart: just enough of Ethernet, ARP (RFC 826), IPv4
(RFC 791), IPv6 (RFC 8200), ICMP (RFC 792, 4443), ND (RFC 4861), UDP (RFC 768)
and TCP (RFC 9293) for tests on the wire.

Every function that makes something returns bytes and fills in lengths and
checksums, unless it is told a wrong one. rawpeer.py sends them.
"""

import ipaddress
import struct
import time
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ICMP, IGMP, TCP, UDP, ICMP6 = 1, 2, 6, 17, 58
HOP_BY_HOP, ROUTING, FRAGMENT, NO_NEXT, DESTINATION = 0, 43, 44, 59, 60
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
MORE = 0x2000  # fragments follow: `fragment` of ip4()

GUEST, PEER = "10.9.0.2", "10.9.0.1"
PEER_MAC = bytes.fromhex("02000a090001")
BROADCAST = b"\xff" * 6


def packed(address):
    """An address's bytes, in the wire's order; bytes stay as they are."""
    return address if isinstance(address, bytes) else ipaddress.ip_address(address).packed


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(protocol, length, source, destination):
    """Of IPv4 (RFC 9293, 3.1) or IPv6 (RFC 8200, 8.1), by the addresses."""
    source, destination = packed(source), packed(destination)
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!LL", length, protocol)


def with_checksum(protocol, segment, at, source, destination, spoil=0):
    """The segment, with the transport's checksum at its place; spoil damages it."""
    pseudo = pseudo_header(protocol, len(segment), source, destination)
    total = checksum(pseudo + segment) ^ spoil
    return segment[:at] + struct.pack("!H", total) + segment[at + 2:]


# ---- making ----

def ethernet(kind, body, destination, source=PEER_MAC):
    return (destination + source + struct.pack("!H", kind) + body).ljust(60, b"\0")


def arp(operation, sender_mac, sender, target_mac, target):
    return (struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + sender_mac
            + packed(sender) + target_mac + packed(target))


def ip4(protocol, payload, source=PEER, destination=GUEST, *, identification=0,
        fragment=0, ttl=64, tos=0, options=b"", version=4, header_words=None,
        total=None, spoil=0):
    """A packet; `fragment` is the offset / 8 with MORE, `spoil` damages the sum."""
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4 if header_words is None else header_words
    length = 20 + len(options) + len(payload) if total is None else total
    header = struct.pack("!BBHHHBBH4s4s", version << 4 | words, tos, length,
                         identification & 0xFFFF, fragment, ttl, protocol, 0,
                         packed(source), packed(destination)) + options
    total = checksum(header) ^ spoil
    return header[:10] + struct.pack("!H", total) + header[12:] + payload


def ip6(next_header, payload, source, destination, *, hop_limit=64, tclass=0, flow=0,
        version=6, length=None):
    return struct.pack("!LHBB", version << 28 | tclass << 20 | flow,
                       len(payload) if length is None else length, next_header,
                       hop_limit) + packed(source) + packed(destination) + payload


def fragment6(next_header, identification, offset, more, payload):
    """An IPv6 fragment header (RFC 8200, 4.5) and its part; offset in bytes."""
    return struct.pack("!BBHL", next_header, 0, offset | more, identification) + payload


def tcp(source_port, port, seq, ack, flags, data=b"", *, window=65535, options=b"",
        words=None, urgent=0, source=PEER, destination=GUEST, spoil=0):
    words = (20 + len(options)) // 4 if words is None else words
    segment = struct.pack("!HHLLBBHHH", source_port, port, seq & 0xFFFFFFFF,
                          ack & 0xFFFFFFFF, words << 4, flags, window, 0,
                          urgent) + options + data
    return with_checksum(TCP, segment, 16, source, destination, spoil)


def udp(source_port, port, data=b"", *, length=None, source=PEER, destination=GUEST,
        spoil=0):
    length = 8 + len(data) if length is None else length
    datagram = struct.pack("!HHHH", source_port, port, length, 0) + data
    return with_checksum(UDP, datagram, 6, source, destination, spoil)


def icmp(kind, code=0, rest=0, body=b"", spoil=0):
    """`rest`: the second word, such as an echo's identifier and number."""
    message = struct.pack("!BBHL", kind, code, 0, rest) + body
    return message[:2] + struct.pack("!H", checksum(message) ^ spoil) + message[4:]


def icmp6(kind, code, body, source, destination, spoil=0):
    """`body`: all that follows the checksum."""
    message = struct.pack("!BBH", kind, code, 0) + body
    return with_checksum(ICMP6, message, 2, source, destination, spoil)


# ---- taking apart ----

@dataclass
class Packet:
    """A packet of the guest's, taken apart."""
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
    version: int = 4
    source_mac: bytes = b""
    destination_mac: bytes = b""
    ip: bytes = b""  # all of it
    extensions: list = field(default_factory=list)  # IPv6: (kind, its bytes)

    @property
    def kind(self):
        """An ICMP message's type."""
        return self.payload[0] if self.protocol in (ICMP, ICMP6) and self.payload else None

    @property
    def code(self):
        return self.payload[1]

    def __str__(self):
        if self.protocol in (ICMP, ICMP6):
            return f"ICMP type {self.kind} code {self.code}"
        if self.protocol != TCP:
            return f"protocol {self.protocol}, {len(self.payload)} bytes"
        return (f"{flag_names(self.flags)} seq {self.seq} ack {self.ack} window "
                f"{self.window}, {len(self.payload)} bytes")


def flag_names(flags):
    names = [name for name, bit in (("FIN", FIN), ("SYN", SYN), ("RST", RST),
                                    ("PSH", PSH), ("ACK", ACK)) if flags & bit]
    return "+".join(names) or "none"


def tcp_options(data):
    options = {}
    while data and data[0] != 0:
        if data[0] == 1:
            data = data[1:]
            continue
        options[data[0]] = data[2:data[1]]
        data = data[max(data[1], 2):]
    return options


def _parse_ip4(frame):
    header_length = (frame[14] & 15) * 4
    ip = frame[14:14 + struct.unpack("!H", frame[16:18])[0]]
    packet = Packet(time.monotonic(), str(ipaddress.ip_address(ip[12:16])),
                    str(ipaddress.ip_address(ip[16:20])), ip[9], ip[8], ip[1],
                    ip[header_length:], ip=ip)
    packet.checksum_ok = checksum(ip[:header_length]) == 0
    whole = struct.unpack("!H", ip[6:8])[0] & 0x3FFF == 0
    return packet, whole


def _parse_ip6(frame):
    ip = frame[14:54 + struct.unpack("!H", frame[18:20])[0]]
    packet = Packet(time.monotonic(), str(ipaddress.ip_address(ip[8:24])),
                    str(ipaddress.ip_address(ip[24:40])), ip[6], ip[7],
                    struct.unpack("!H", ip[:2])[0] >> 4 & 0xFF, ip[40:], version=6, ip=ip)
    whole = True
    while packet.protocol in (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION):
        body = packet.payload
        length = 8 if packet.protocol == FRAGMENT else 8 + body[1] * 8
        if packet.protocol == FRAGMENT:
            whole = struct.unpack("!H", body[2:4])[0] & 0xFFF9 == 0
        packet.extensions.append((packet.protocol, body[:length]))
        packet.protocol, packet.payload = body[0], body[length:]
        if not whole:
            break
    return packet, whole


def _parse_transport(packet):
    body = packet.payload
    if packet.protocol == ICMP:
        packet.checksum_ok &= checksum(body) == 0
        return
    if packet.protocol not in (TCP, UDP, ICMP6):
        return
    pseudo = pseudo_header(packet.protocol, len(body), packet.source, packet.destination)
    packet.checksum_ok &= checksum(pseudo + body) == 0
    if packet.protocol == ICMP6:
        return
    packet.source_port, packet.port = struct.unpack("!HH", body[:4])
    if packet.protocol == UDP:
        packet.payload = body[8:]
        return
    packet.seq, packet.ack, offset, packet.flags, packet.window = \
        struct.unpack("!LLBBH", body[4:16])
    packet.options = tcp_options(body[20:(offset >> 4) * 4])
    packet.payload = body[(offset >> 4) * 4:]


def parse(frame):
    """A Packet, or None for what is no IP. A fragment's payload is left as it is."""
    kind = struct.unpack("!H", frame[12:14])[0]
    if kind not in (IPV4, IPV6):
        return None
    packet, whole = _parse_ip4(frame) if kind == IPV4 else _parse_ip6(frame)
    packet.destination_mac, packet.source_mac = frame[:6], frame[6:12]
    if whole:
        _parse_transport(packet)
    return packet
