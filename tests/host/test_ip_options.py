# SPDX-License-Identifier: MIT
"""What options of sockets do to the guest's frames: bytes of the IP header,
fragments, checksums, groups (IGMP, RFC 2236, and MLD, RFC 2710), and what ICMP
messages leave in the error queue."""

import re
import socket

import pytest

from frames import BROADCAST, GUEST, ICMP, ICMP6, PEER, UDP, icmp, ip4

IGMP = 2
GROUP, GROUP6 = "239.9.8.7", "ff15::9"
QUERY, REPORT, LEAVE = 0x11, 0x16, 0x17
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000


def fragment_field(packet):
    return int.from_bytes(packet.ip[6:8], "big")


def sent(sockets, steps, **wanted):
    """The first UDP packet that the steps send."""
    sockets.do(steps)
    return sockets.peer.next(protocol=UDP, **wanted)


def report(sockets):
    """What the error queue says: (errno, origin, type, code, info, data)."""
    sockets.begin("report")
    text = sockets.guest.expect(rb"(?s)^(.*?)done\r?\n", 30).group(1).decode()
    found = re.search(r'report: (\w+) (\d+) (\d+) (\d+) (\d+) "(.*)"', text)
    return found and (found.group(1), *map(int, found.group(2, 3, 4, 5)), found.group(6))


# ---- the header ----

def test_ttl_and_tos(sockets):
    packet = sent(sockets, f"udp set ttl 9 set tos 184 sendto {PEER} 7 x")
    assert (packet.ttl, packet.tos) == (9, 184)


@pytest.mark.parametrize("mode, bit", [(0, 0), (1, DONT_FRAGMENT), (2, DONT_FRAGMENT),
                                       (3, DONT_FRAGMENT), (4, 0)])
def test_dont_fragment(sockets, mode, bit):
    """IP_MTU_DISCOVER: DONT, WANT, DO, PROBE, INTERFACE."""
    packet = sent(sockets, f"udp set mtudiscover {mode} sendto {PEER} 7 x")
    assert fragment_field(packet) == bit and packet.checksum_ok


@pytest.mark.parametrize("mode", [0, 1, 5])
def test_fragments_where_they_may_be(sockets, mode):
    sockets.do(f"udp set mtudiscover {mode} connect {PEER} 7 fill 2000")
    parts = [sockets.peer.next(protocol=UDP) for _ in range(2)]
    assert [fragment_field(part) for part in parts] == [MORE_FRAGMENTS, 1480 // 8]
    assert parts[0].ip[4:6] == parts[1].ip[4:6] != b"\0\0"


@pytest.mark.parametrize("mode", [2, 3, 4])
def test_too_long_is_refused_and_reported(sockets, mode):
    """The report tells the MTU."""
    assert sockets.do(f"udp set recverr 1 set mtudiscover {mode} connect {PEER} 7 "
                      "fill 2000") == "EMSGSIZE"
    assert report(sockets) == ("EMSGSIZE", 1, 0, 0, 1500, "")
    assert sockets.do("fill 1472") == "1472"
    assert sockets.do("fill 1473") == "EMSGSIZE"


def test_smaller_mtu_is_learnt(sockets):
    """RFC 1191: what a router says bounds what is sent to that destination."""
    sockets.peer.addresses.add("10.9.0.77")
    packet = sent(sockets, "udp set mtudiscover 2 connect 10.9.0.77 7 fill 1400")
    sockets.peer.send_ip(ICMP, icmp(3, 4, 1300, packet.ip))
    sockets.peer.answers()
    assert sockets.do("fill 1400") == "EMSGSIZE"  # the message's
    assert sockets.do("fill 1400") == "EMSGSIZE"  # by now it is known
    assert sockets.do("fill 1272") == "1272"


def test_a_learnt_mtu_only_falls(sockets):
    sockets.peer.addresses.add("10.9.0.78")
    packet = sent(sockets, "udp set mtudiscover 2 connect 10.9.0.78 7 fill 1400")
    for mtu, longest in ((1300, 1272), (1200, 1172), (1350, 1172)):
        sockets.peer.send_ip(ICMP, icmp(3, 4, mtu, packet.ip))
        sockets.peer.answers()
        assert sockets.do("fill 100") == "EMSGSIZE"  # the message's
        assert sockets.do(f"fill {longest + 1}") == "EMSGSIZE"
        assert sockets.do(f"fill {longest}") == str(longest)


def test_no_checksum(sockets):
    packet = sent(sockets, f"udp set nocheck 1 sendto {PEER} 7 x")
    assert packet.ip[26:28] == b"\0\0"


# ---- the error queue ----

@pytest.mark.parametrize("kind, code, rest, error", [
    (3, 1, 0, "EHOSTUNREACH"), (3, 3, 0, "ECONNREFUSED"), (3, 4, 1300, "EMSGSIZE"),
    (11, 0, 0, "EHOSTUNREACH"), (12, 0, 5 << 24, "EPROTO")])
def test_report_of_an_icmp_message(sockets, kind, code, rest, error):
    packet = sent(sockets, f"udp set recverr 1 sendto {PEER} 7 quoted")
    sockets.peer.send_ip(ICMP, icmp(kind, code, rest, packet.ip))
    sockets.peer.answers()
    information = rest >> 24 if kind == 12 else rest
    assert report(sockets) == (error, 2, kind, code, information, "quoted")
    assert report(sockets) is None


def test_no_report_without_the_option(sockets):
    packet = sent(sockets, f"udp sendto {PEER} 7 quoted")
    sockets.peer.send_ip(ICMP, icmp(3, 3, 0, packet.ip))
    sockets.peer.answers()
    assert sockets.do("report") == "EAGAIN"


# ---- groups ----

def test_joining_and_leaving_are_told(sockets):
    """Once for an interface, however many sockets are in the group."""
    assert sockets.do(f"udp join {GROUP}") == "0"
    packet = sockets.peer.next(protocol=IGMP)
    assert packet.payload[0] == REPORT and packet.destination == GROUP
    assert packet.payload[4:8] == socket.inet_aton(GROUP)
    assert (packet.ttl, packet.checksum_ok) == (1, True)
    assert packet.destination_mac == bytes.fromhex("01005e090807")
    sockets.do(f"udp join {GROUP} close")
    assert all(p.payload[0] == REPORT for p in sockets.peer.all_within(1, protocol=IGMP))


def test_leave_by_closing(sockets):
    sockets.do("udp join 239.9.8.8")
    assert sockets.peer.next(protocol=IGMP).payload[0] == REPORT
    sockets.do("close")
    packet = sockets.peer.next(protocol=IGMP, destination="224.0.0.2")
    assert packet.payload[0] == LEAVE
    assert packet.payload[4:8] == socket.inet_aton("239.9.8.8")


def test_query_is_answered(sockets):
    sockets.do("udp join 239.9.8.9")
    while sockets.peer.all_within(1, protocol=IGMP):
        pass  # the reports of having joined
    query = icmp(QUERY, 5, 0)  # the same checksum; answer within 0.5 s
    sockets.peer.send_frame(bytes.fromhex("01005e000001"), 0x0800,
                            ip4(IGMP, query, destination="224.0.0.1", ttl=1))
    packet = sockets.peer.next(protocol=IGMP, destination="239.9.8.9")
    assert packet.payload[0] == REPORT


def test_members_receive(sockets):
    sockets.do(f"udp bind 0.0.0.0 5800 nonblock join {GROUP}")
    for group, text in ((GROUP, "to the group"), ("239.1.1.1", "to another")):
        sockets.peer.send_udp(9, 5800, text.encode(), destination=group)
    sockets.peer.answers()
    assert sockets.receive() == "to the group"
    assert sockets.receive() == "EAGAIN"


@pytest.mark.parametrize("loop, heard", [(1, "own"), (0, "EAGAIN")])
def test_own_datagrams_come_back(sockets, loop, heard):
    packet = sent(sockets, f"udp bind 0.0.0.0 5801 nonblock join {GROUP} "
                  f"set mcloop {loop} set mcttl 7 sendto {GROUP} 5801 own")
    assert (packet.ttl, packet.destination) == (7, GROUP)
    assert sockets.receive() == heard


def test_own_datagrams_come_back_by_ipv6(sockets):
    sockets.do(f"udp6 bind :: 5804 nonblock join {GROUP6} sendto {GROUP6} 5804 own")
    assert sockets.receive() == "own"


def test_ttl_of_0_stays_here(sockets):
    sockets.do(f"udp bind 0.0.0.0 5802 nonblock join {GROUP} set mcttl 0 "
               f"sendto {GROUP} 5802 local")
    assert sockets.receive() == "local"
    assert sockets.peer.answers(protocol=UDP) == []


def test_own_broadcast_comes_back(sockets):
    packet = sent(sockets, "udp bind 0.0.0.0 5803 nonblock set broadcast 1 "
                  "sendto 10.9.0.255 5803 all")
    assert packet.destination_mac == BROADCAST
    assert sockets.receive() == "all"


def test_ipv6_groups_are_told(sockets):
    assert sockets.do(f"udp6 join {GROUP6}") == "0"
    packet = sockets.peer.next(protocol=ICMP6, destination=GROUP6)
    assert packet.kind == 131 and packet.ttl == 1  # a report
    sockets.do("close")
    while packet.kind != 132:  # done
        packet = sockets.peer.next(protocol=ICMP6)
    assert packet.payload[8:24] == socket.inet_pton(socket.AF_INET6, GROUP6)
