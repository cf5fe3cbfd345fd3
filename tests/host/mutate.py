# SPDX-License-Identifier: MIT
"""Frames that are almost right: good ones of every kind that the guest takes in,
changed a little at random, most of them with sums that are right again, so that
they are not dropped at the first look."""

import struct

from frames import (ACK, ARP, BROADCAST, DESTINATION, FIN, FRAGMENT, GUEST, HOP_BY_HOP, ICMP,
                    ICMP6, IGMP, IPV4, IPV6, MORE, PEER, PEER_MAC, PSH, ROUTING, RST, SYN,
                    TCP, UDP, URG, arp, checksum, ethernet, fragment6, icmp, icmp6, ip4, ip6,
                    packed, tcp, udp, with_checksum)

PEER6, GUEST6 = "fe80::aff:fe09:1", "fe80::5054:ff:fe12:3456"
ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"
OPTIONS = [b"", b"\x02\x04\x05\xb4", b"\x01\x03\x03\x07\x04\x02\x01\x01",
           b"\x01\x01\x08\x0a" + bytes(8), b"\x01\x01\x05\x0a" + bytes(8)]
EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF]


class Mutator:
    """connections: (our port, the guest's, our next number, the guest's) of what
    is open, so that segments are made that fit them, nearly."""

    def __init__(self, random, guest_mac, connections):
        self.random, self.guest_mac, self.connections = random, guest_mac, connections
        self.kinds = [self._tcp, self._tcp, self._udp, self._icmp, self._icmp_error,
                      self._arp, self._fragment, self._igmp, self._tcp6, self._udp6,
                      self._icmp6, self._extension6, self._fragment6]

    def frame(self):
        frame = self.random.choice(self.kinds)()
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 5))):
            frame = self._change(frame)
        if self.random.random() < 0.8:
            frame = with_right_sums(frame)
        return frame

    def _change(self, frame):
        """One of: a bit, a byte, a field, the end, an end too many, a copy."""
        data, at = bytearray(frame), self.random.randrange(12, len(frame) + 1)
        kind = self.random.randrange(6)
        if kind == 0:
            bit = self.random.randrange(96, len(data) * 8) if len(data) > 12 else 0
            data[bit // 8] ^= 1 << bit % 8
        elif kind == 1 and at < len(data):
            data[at] = self.random.choice(EDGES) & 0xFF
        elif kind == 2 and at + 2 <= len(data):
            struct.pack_into("!H", data, at, self.random.choice(EDGES))
        elif kind == 3:
            del data[max(at, 14):]
        elif kind == 4:
            data += self.random.randbytes(self.random.randrange(1, 100))
        else:
            data[at:at] = data[at:at + self.random.randrange(1, 20)]
        return bytes(data)

    # ---- good ones ----

    def _payload(self):
        return self.random.randbytes(self.random.choice((0, 1, 7, 8, 100, 1000)))

    def _segment(self, source, destination):
        ours, theirs, seq, ack = self.random.choice(self.connections)
        shift = self.random.choice((0, 0, 0, 1, -1, 5, 1000, -1000, 1 << 20, 1 << 31))
        flags = self.random.choice((SYN, ACK, PSH | ACK, PSH | ACK, FIN | ACK, RST, RST | ACK,
                                    SYN | ACK, 0, URG | ACK, SYN | FIN))
        return tcp(ours, self.random.choice((theirs, theirs, 7, 80, 999)), seq + shift,
                   ack - self.random.choice((0, 0, 0, 1, -5, 1000)), flags, self._payload(),
                   window=self.random.choice((0, 1, 500, 65535)),
                   options=self.random.choice(OPTIONS), source=source,
                   destination=destination)

    def _ip4(self, protocol, body, **header):
        header.setdefault("identification", self.random.randrange(65536))
        packet = ip4(protocol, body, PEER, GUEST, **header)
        return ethernet(IPV4, packet, self.guest_mac)

    def _ip6(self, protocol, body, destination=GUEST6, hop_limit=255):
        packet = ip6(protocol, body, PEER6, destination, hop_limit=hop_limit)
        return ethernet(IPV6, packet, self.guest_mac)

    def _tcp(self):
        return self._ip4(TCP, self._segment(PEER, GUEST))

    def _udp(self):
        return self._ip4(UDP, udp(9, self.random.choice((7, 68, 999)), self._payload()))

    def _icmp(self):
        return self._ip4(ICMP, icmp(self.random.choice((8, 8, 0, 13, 17)), 0, 1,
                                    self._payload()))

    def _icmp_error(self):
        ours, theirs, _, ack = self.random.choice(self.connections)
        quoted = ip4(TCP, tcp(theirs, ours, ack, 0, ACK), GUEST, PEER)[:28]
        return self._ip4(ICMP, icmp(self.random.choice((3, 4, 5, 11, 12)),
                                    self.random.randrange(16), 500, quoted))

    def _arp(self):
        return ethernet(ARP, arp(self.random.choice((1, 2)), PEER_MAC, PEER, bytes(6), GUEST),
                        self.random.choice((BROADCAST, self.guest_mac)))

    def _fragment(self):
        offset = self.random.choice((0, 0, 1, 2, 125, 8190))
        return self._ip4(self.random.choice((UDP, TCP, ICMP)),
                         self.random.randbytes(self.random.choice((8, 16, 1000))),
                         identification=self.random.randrange(4),
                         fragment=offset | self.random.choice((0, MORE)))

    def _igmp(self):
        body = self.random.choice((b"\x11\x64\0\0\0\0\0\0", b"\x16\0\0\0\xe0\0\0\x01",
                                   b"\x11\x64\0\0\0\0\0\0\2\x7d\0\0"))
        return self._ip4(IGMP, body[:2] + checksum(body).to_bytes(2, "big") + body[4:],
                         ttl=1, options=b"\x94\x04\0\0")

    def _tcp6(self):
        return self._ip6(TCP, self._segment(PEER6, GUEST6))

    def _udp6(self):
        return self._ip6(UDP, udp(9, 7, self._payload(), source=PEER6, destination=GUEST6))

    def _icmp6(self):
        mac = b"\1\1" + PEER_MAC
        kind, body = self.random.choice((
            (128, b"\0\1\0\1ping"), (135, bytes(4) + packed(GUEST6) + mac),
            (136, b"\x60\0\0\0" + packed(PEER6) + b"\2\1" + PEER_MAC),
            (134, b"\x40\0\x07\x08" + bytes(8) + mac + b"\3\4\x40\xc0" + b"\0\0\x0e\x10" * 2
             + bytes(4) + packed("fd00:9::")),
            (137, bytes(4) + packed(PEER6) + packed("fe80::9")), (130, bytes(20)),
            (1, bytes(4) + self._ip6(TCP, bytes(20))[14:]),
            (2, b"\0\0\x05\0" + self._ip6(UDP, bytes(8))[14:])))
        to = self.random.choice((GUEST6, ALL_NODES))
        return self._ip6(ICMP6, icmp6(kind, 0, body, PEER6, to), to)

    def _extension6(self):
        kind = self.random.choice((HOP_BY_HOP, ROUTING, DESTINATION))
        body = bytes((UDP, 0)) + self.random.choice((b"\1\4\0\0\0\0", b"\5\2\0\0\1\0",
                                                     b"\xc2\4\0\1\0\0", b"\0" * 6))
        return self._ip6(kind, body + udp(9, 7, b"x", source=PEER6, destination=GUEST6))

    def _fragment6(self):
        offset = self.random.choice((0, 0, 8, 16, 1000, 65528))
        return self._ip6(FRAGMENT, fragment6(UDP, self.random.randrange(4), offset,
                                             self.random.randrange(2),
                                             self.random.randbytes(8)))


def with_right_sums(frame):
    """As far as the frame still has the places for them."""
    kind = frame[12:14]
    if kind == b"\x08\x00" and len(frame) >= 34:
        size = (frame[14] & 15) * 4
        if 20 <= size <= len(frame) - 14:
            header = frame[14:24] + b"\0\0" + frame[26:14 + size]
            frame = frame[:24] + checksum(header).to_bytes(2, "big") + frame[26:]
            end = min(14 + struct.unpack("!H", frame[16:18])[0], len(frame))
            return _transport(frame, 14 + size, end, frame[23], frame[26:30], frame[30:34])
    if kind == b"\x86\xdd" and len(frame) >= 54:
        end = min(54 + struct.unpack("!H", frame[18:20])[0], len(frame))
        return _transport(frame, 54, end, frame[20], frame[22:38], frame[38:54])
    return frame


def _transport(frame, start, end, protocol, source, destination):
    at = {TCP: 16, UDP: 6, ICMP6: 2, ICMP: 2, IGMP: 2}.get(protocol)
    body = frame[start:end]
    if at is None or len(body) < at + 2:
        return frame
    body = body[:at] + b"\0\0" + body[at + 2:]
    if protocol in (ICMP, IGMP):
        body = body[:at] + checksum(body).to_bytes(2, "big") + body[at + 2:]
    else:
        body = with_checksum(protocol, body, at, source, destination)
    return frame[:start] + body + frame[end:]
