# SPDX-License-Identifier: MIT
"""What only the wire shows, with a peer made of single frames (rawpeer.py):
silence, refusals and a full backlog, retransmission, probes, options, resets.
QEMU's user network would answer before the guest does, and hide all of it."""

import re
import time

from frames import ACK, FIN, GUEST, ICMP, PEER, PSH, RST, SYN, TCP, UDP, icmp
from rawpeer import Connection
from wire import Wire

MSS_1000 = b"\x02\x04\x03\xe8"
OPTION_MSS = 2


# ---- connecting ----

def test_silence_times_out(wire):
    wire.guest.check("echo 1 > /proc/sys/net/ipv4/tcp_syn_retries")
    wire.probe(f"tcp connect {PEER} 4001")
    syns = [wire.peer.next(port=4001) for _ in range(2)]
    value, took = wire.result("connect")
    wire.finish()
    assert value == "ETIMEDOUT"
    assert 2000 < took < 10000
    assert all(syn.flags == SYN for syn in syns)
    assert syns[0].seq == syns[1].seq
    assert wire.peer.all_within(0.5, port=4001) == []
    wire.guest.check("echo 6 > /proc/sys/net/ipv4/tcp_syn_retries")


def test_syn_is_repeated_ever_more_slowly(wire):
    wire.probe(f"tcp connect {PEER} 4002")
    times = [wire.peer.next(port=4002).time for _ in range(4)]
    wire.abandon()
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert 0.8 < gaps[0] < 4
    assert 1.4 < gaps[1] / gaps[0] < 3 and 1.4 < gaps[2] / gaps[1] < 3


def test_refused(wire):
    wire.probe(f"tcp connect {PEER} 4003")
    syn = wire.peer.next(port=4003, flags=SYN)
    wire.peer.send_tcp(4003, syn.source_port, 0, syn.seq + 1, RST | ACK)
    assert wire.result("connect")[0] == "ECONNREFUSED"
    wire.finish()


def test_reset_for_another_connection_is_ignored(wire):
    """RFC 9293, 3.10.7.3: a RST must acknowledge the SYN."""
    wire.probe(f"tcp connect {PEER} 4004")
    syn = wire.peer.next(port=4004, flags=SYN)
    wire.peer.send_tcp(4004, syn.source_port, 0, syn.seq + 77, RST | ACK)
    wire.peer.send_tcp(4004, syn.source_port, 700, syn.seq + 1, SYN | ACK)
    assert wire.result("connect")[0] == "0"
    wire.finish()


def test_nobody_answers_arp(wire):
    wire.probe("tcp connect 10.9.0.77 80")
    value, took = wire.result("connect")
    wire.finish()
    assert value == "EHOSTUNREACH"
    assert took < 20000
    assert "10.9.0.77" in [asked for _, asked in wire.peer.arp_requests]


def test_no_route(boot):
    wire = Wire(boot, f"ip={GUEST}/24")
    try:
        wire.probe("tcp connect 192.0.2.1 80 close udp connect 192.0.2.1 80")
        assert wire.result("connect")[0] == "ENETUNREACH"
        assert wire.result("connect")[0] == "ENETUNREACH"
        wire.finish()
    finally:
        wire.peer.close()


def test_by_the_gateway(wire):
    """A foreign address is reached through the gateway's hardware address."""
    wire.probe("tcp connect 192.0.2.9 80")
    syn = wire.peer.next(destination="192.0.2.9", flags=SYN)
    wire.peer.send_tcp(80, syn.source_port, 5, syn.seq + 1, SYN | ACK, source="192.0.2.9")
    assert wire.result("connect")[0] == "0"
    wire.finish()


def test_icmp_host_unreachable(wire):
    wire.probe(f"tcp connect {PEER} 4005")
    syn = wire.peer.next(port=4005, flags=SYN)
    wire.peer.send_unreachable(syn, 1)
    value, took = wire.result("connect")
    wire.finish()
    assert value == "EHOSTUNREACH" and took < 5000


def test_udp_port_unreachable(wire):
    wire.probe(f"udp connect {PEER} 4006 send x recv 10")
    datagram = wire.peer.next(protocol=UDP, port=4006)
    wire.peer.send_unreachable(datagram, 3)
    assert wire.result("recv")[0] == "ECONNREFUSED"
    wire.finish()


# ---- the guest as the server ----

def test_closed_port_is_answered_by_a_reset(wire):
    wire.clear()
    wire.peer.send_tcp(5000, 999, 42, 0, SYN)
    answer = wire.peer.next(protocol=TCP, source_port=999)
    assert answer.flags == RST | ACK and answer.ack == 43


def test_closed_udp_port_is_answered_by_icmp(wire):
    wire.clear()
    wire.peer.send_udp(5000, 999, b"anybody?")
    answer = wire.peer.next(protocol=ICMP)
    assert answer.payload[:2] == b"\x03\x03"


def test_ping(wire):
    wire.clear()
    body = icmp(8, 0, 0x12340001, b"payload of a ping")
    wire.peer.send_ip(ICMP, body)
    answer = wire.peer.next(protocol=ICMP)
    assert answer.payload[0] == 0 and answer.payload[4:] == body[4:]


def test_backlog(wire):
    """Backlog 2 holds 3, as on Linux. A SYN beyond is not answered; it finds
    room when it comes again after an accept."""
    wire.probe("tcp bind 0.0.0.0 6000 listen 2 recv 1 pause 6000 accept pause 9000")
    wire.result("listen")
    held = [Connection.connect(wire.peer, 7000 + i, 6000) for i in range(3)]
    assert all(held)
    assert Connection.connect(wire.peer, 7010, 6000, timeout=1) is None
    assert Connection.connect(wire.peer, 7011, 6000, timeout=1) is None
    assert wire.result("accept")[0] != "-1"
    late = Connection.connect(wire.peer, 7010, 6000)
    assert late, "no room after accept"
    wire.abandon()


def test_half_open_connection_is_not_accepted(wire):
    """A SYN without the final ACK does not wake accept, and is not a loss for
    who comes next."""
    wire.probe("tcp bind 0.0.0.0 6001 listen 5 accept recv 10")
    wire.result("listen")
    wire.peer.send_tcp(7100, 6001, 1, 0, SYN)
    assert wire.peer.next(source_port=6001, port=7100).flags == SYN | ACK
    connection = Connection.connect(wire.peer, 7101, 6001)
    connection.send_data(b"second")
    assert wire.result("recv")[0] == "6"
    wire.finish()


def test_syn_ack_is_repeated(wire):
    wire.probe("tcp bind 0.0.0.0 6002 listen 5 accept")
    wire.result("listen")
    wire.peer.send_tcp(7200, 6002, 1, 0, SYN)
    first = wire.peer.next(source_port=6002, port=7200)
    second = wire.peer.next(10, source_port=6002, port=7200)
    assert first.flags == second.flags == SYN | ACK and first.seq == second.seq
    wire.abandon()


def test_initial_sequence_numbers_are_random(wire):
    wire.probe("tcp bind 0.0.0.0 6003 listen 20 accept pause 60000")
    wire.result("listen")
    numbers = []
    for i in range(8):
        wire.peer.send_tcp(7300 + i, 6003, 1, 0, SYN)
        numbers.append(wire.peer.next(source_port=6003, port=7300 + i).seq)
    wire.abandon()
    gaps = {(b - a) & 0xFFFFFFFF for a, b in zip(numbers, numbers[1:])}
    assert len(gaps) == 7 and max(gaps) > 1 << 20


def test_ports_are_random(wire):
    ports = []
    for i in range(6):
        wire.probe(f"udp sendto {PEER} {4100 + i} x")
        ports.append(wire.peer.next(protocol=UDP, port=4100 + i).source_port)
        wire.finish()
    assert len(set(ports)) == 6
    assert [b - a for a, b in zip(ports, ports[1:])] != [1] * 5


# ---- data ----

def established(wire, port, before="", after=""):
    """A connection that the guest opened to a port of ours."""
    wire.probe(f"tcp {before} connect {PEER} {port} {after}")
    connection = Connection.accept(wire.peer, port)
    wire.result("connect")
    return connection


def test_data_both_ways(wire):
    connection = established(wire, 4200, after="send hello recv 100")
    assert connection.receive(5) == b"hello"
    connection.send_data(b"answer")
    wire.guest.expect("data: answer")
    wire.finish()


def test_lost_segment_is_sent_again(wire):
    connection = established(wire, 4201, after="send important recv 1")
    first = connection.expect()
    again = connection.expect(10, payload=b"important")  # we did not acknowledge
    assert first.payload == again.payload == b"important"
    assert first.seq == again.seq
    assert again.time - first.time > 0.15
    connection.ack += 9
    connection.send(ACK)
    connection.send_data(b"!")
    wire.finish()


def test_lost_segment_amid_others(wire):
    """Three duplicate ACKs bring the lost one before its timer does."""
    connection = established(wire, 4202, after="fill 30000 recv 1")
    first = connection.expect()
    packets = [first] + connection.all_within(0.2)
    assert len(packets) >= 2, "one segment at a time"
    connection.ack = first.seq + len(first.payload)
    connection.send(ACK)
    lost = next(packet for packet in packets + [connection.expect(2)]
                if packet.seq == connection.ack & 0xFFFFFFFF)
    later = connection.all_within(0.1)
    assert later
    start = time.monotonic()
    for _ in range(4):
        connection.send(ACK)
    again = connection.expect(5, seq=lost.seq)
    assert again.time - start < 0.5, "waited for the timer"
    wire.abandon()


def test_segments_out_of_order(wire):
    connection = established(wire, 4203, after="recv 3 recv 100")
    base = connection.seq
    for offset, data in ((6, b"ghi"), (3, b"def"), (0, b"abc")):
        connection.seq = base + offset
        connection.send(PSH | ACK, data)
    connection.seq = base + 9
    text = wire.guest.expect(rb"(?s)recv: 3 .*?data: (\w+)\r?\n").group(1)
    assert text in (b"def", b"defghi")
    wire.abandon()


def test_duplicate_data_is_dropped(wire):
    connection = established(wire, 4204, after="recv 3 recv 100")
    connection.send_data(b"abc")
    connection.seq -= 3
    connection.send_data(b"abcdef")  # the first half again
    wire.guest.expect("data: abc\r?\n")
    wire.guest.expect("data: def\r?\n")
    wire.finish()


def test_damaged_segment_is_dropped(wire):
    connection = established(wire, 4205, after="recv 100")
    connection.send(PSH | ACK, b"damaged", spoil=0x5555)
    connection.send_data(b"whole")
    wire.guest.expect("data: whole\r?\n")
    wire.finish()


def test_damaged_datagram_is_dropped(wire):
    wire.probe("udp bind 0.0.0.0 6100 recv 100")
    wire.result("bind")
    wire.peer.send_udp(9, 6100, b"damaged", spoil=0x5555)
    wire.peer.send_udp(9, 6100, b"whole")
    wire.guest.expect("data: whole\r?\n")
    wire.finish()


def test_fragments_are_put_together(wire):
    import struct
    wire.probe("udp bind 0.0.0.0 6101 recv 3000")
    wire.result("bind")
    data = bytes(ord("a") + i % 26 for i in range(2000))
    datagram = struct.pack("!HHHH", 9, 6101, 8 + len(data), 0) + data
    wire.peer.send_ip(UDP, datagram[1480:], fragment=1480 // 8)  # the end first
    wire.peer.identification -= 1
    wire.peer.send_ip(UDP, datagram[:1480], fragment=0x2000)
    assert wire.result("recv")[0] == "2000"
    wire.finish()


def test_checksums_of_the_guest(wire):
    connection = established(wire, 4206, after=f"fill 20000 udp sendto {PEER} 9 {'x' * 33}")
    connection.receive(20000)
    wire.finish()
    assert wire.peer.damaged == []


def test_closed_window_is_probed(wire):
    wire.probe(f"tcp connect {PEER} 4207 send stuck recv 1")
    connection = Connection.accept(wire.peer, 4207, window=0)
    wire.result("send")
    connection.window = 0
    probe = connection.expect(15)  # beyond the window: a probe
    assert len(probe.payload) <= 1
    connection.send(ACK)
    assert not [packet for packet in connection.all_within(1)
                if len(packet.payload) > 1]
    connection.window = 65535
    if probe.payload:
        connection.ack = probe.seq + len(probe.payload)
    connection.send(ACK)
    rest = connection.receive(5 - len(probe.payload))
    assert probe.payload + rest == b"stuck"
    connection.send_data(b"!")
    wire.finish()


def test_window_closes_when_nobody_reads(wire):
    connection = established(wire, 4208, before="set rcvbuf 8192", after="pause 60000")
    sent, last = 0, None
    for _ in range(200):
        connection.send_data(b"w" * 500)
        sent += 500
        last = connection.expect(5)
        if last.window < 500:
            break
    assert last.window < 500, f"the window is still {last.window} after {sent} bytes"
    wire.abandon()


def test_window_opens_again(wire):
    connection = established(wire, 4209, before="set rcvbuf 8192",
                             after="pause 3000 recv 65536 recv 65536 pause 60000")
    for _ in range(200):
        connection.send_data(b"w" * 500)
        if connection.expect(5).window < 500:
            break
    update = connection.expect(10)
    while update.window < 2000:
        update = connection.expect(10)
    wire.abandon()


# ---- closing ----

def test_close_is_four_segments(wire):
    connection = established(wire, 4300, after="close")
    fin = connection.expect()
    assert fin.flags == FIN | ACK
    connection.ack += 1
    connection.send(ACK)
    connection.send(FIN | ACK)
    connection.seq += 1
    assert connection.expect().ack == connection.seq
    wire.finish()


def test_half_close(wire):
    connection = established(wire, 4301, after="shutdown 1 recv 100 drain")
    assert connection.expect().flags & FIN
    connection.ack += 1
    connection.send(ACK)
    connection.send_data(b"still here")
    wire.guest.expect("data: still here")
    connection.send(FIN | ACK)
    assert wire.result("drain")[0] == "0"
    wire.finish()


def test_linger_zero_is_a_reset(wire):
    connection = established(wire, 4302, before="linger 0", after="close")
    assert connection.expect().flags & RST
    wire.finish()


def test_unread_data_is_a_reset(wire):
    connection = established(wire, 4303, after="pause 1000 close")
    connection.send_data(b"nobody reads this")
    end = connection.expect()
    while not end.flags & (RST | FIN):
        end = connection.expect()
    assert end.flags & RST
    wire.finish()


def test_data_then_reset(wire):
    connection = established(wire, 4304, after="pause 1000 recv 100 recv 100 recv 100")
    connection.send_data(b"last words")
    connection.send(RST | ACK)
    wire.guest.expect("data: last words")
    assert wire.result("recv")[0] == "10"
    assert wire.result("recv")[0] == "ECONNRESET"
    assert wire.result("recv")[0] == "0"
    wire.finish()


def test_reset_out_of_the_window_is_ignored(wire):
    """RFC 5961, 3: a blind reset does not end a connection."""
    connection = established(wire, 4305, after="recv 100")
    true = connection.seq
    connection.seq = (true - 100000) & 0xFFFFFFFF
    connection.send(RST)
    connection.seq = true
    connection.send_data(b"alive")
    wire.guest.expect("data: alive")
    wire.finish()


def test_peer_vanishes(wire):
    """Data that nobody acknowledges ends in ETIMEDOUT, in the end."""
    wire.guest.check("echo 3 > /proc/sys/net/ipv4/tcp_retries2")
    established(wire, 4306, after="send lost recv 1")
    assert wire.result("recv", 120)[0] == "ETIMEDOUT"
    wire.finish()
    wire.guest.check("echo 15 > /proc/sys/net/ipv4/tcp_retries2")


# ---- options ----

def test_keepalive(wire):
    connection = established(
        wire, 4400, before="set keepalive 1 set keepidle 1 set keepintvl 1 set keepcnt 2",
        after="recv 1")
    first = connection.expect(10)
    assert len(first.payload) <= 1 and first.seq == (connection.ack - 1) & 0xFFFFFFFF
    connection.send(ACK)  # alive
    second = connection.expect(10)  # and asked again
    assert 0.5 < second.time - first.time < 5
    value, took = wire.result("recv")  # now silence
    assert value == "ETIMEDOUT"
    wire.finish()


def test_no_keepalive_by_default(wire):
    connection = established(wire, 4401, before="set keepidle 1", after="pause 60000")
    assert connection.all_within(3) == []
    wire.abandon()


def test_time_to_live(wire):
    wire.probe(f"udp sendto {PEER} 9 x set ttl 7 sendto {PEER} 9 y tcp set ttl 9 "
               f"connect {PEER} 4402")
    assert wire.peer.next(protocol=UDP).ttl == 64
    assert wire.peer.next(protocol=UDP).ttl == 7
    assert wire.peer.next(port=4402).ttl == 9
    wire.abandon()


def test_type_of_service(wire):
    wire.probe(f"udp set tos 16 sendto {PEER} 9 x tcp set tos 8 connect {PEER} 4403")
    assert wire.peer.next(protocol=UDP).tos == 16
    assert wire.peer.next(port=4403).tos == 8
    wire.abandon()


def test_time_to_live_of_an_open_connection(wire):
    connection = established(wire, 4404, after="set ttl 5 send x")
    assert connection.expect().ttl == 5
    wire.finish()


def test_maximum_segment_in_the_syn(wire):
    wire.probe(f"tcp set maxseg 700 connect {PEER} 4405 fill 5000 pause 60000")
    connection = Connection.accept(wire.peer, 4405)
    assert int.from_bytes(connection.syn.options[OPTION_MSS], "big") == 700
    data = connection.all_within(1)
    assert data and max(len(packet.payload) for packet in data) <= 700
    wire.abandon()


def test_peers_maximum_segment_is_kept_to(wire):
    wire.probe(f"tcp connect {PEER} 4406 fill 5000 pause 60000")
    connection = Connection.accept(wire.peer, 4406, options=MSS_1000)
    assert int.from_bytes(connection.syn.options[OPTION_MSS], "big") == 1460
    data = connection.all_within(1)
    assert data and max(len(packet.payload) for packet in data) <= 1000
    wire.abandon()


def test_nagle(wire):
    """The second small piece waits for the first one's acknowledgement."""
    connection = established(wire, 4407, after="send one send two send three recv 1")
    assert connection.expect().payload == b"one"
    assert not [packet for packet in connection.all_within(0.15)
                if packet.payload and packet.payload != b"one"]
    connection.ack += 3
    connection.send(ACK)
    assert connection.receive(8) == b"twothree"
    wire.abandon()


def test_nodelay(wire):
    connection = established(wire, 4408, before="set nodelay 1",
                             after="send one send two recv 1")
    assert connection.expect().payload == b"one"
    assert connection.expect(1).payload == b"two"
    wire.abandon()


def test_broadcast(wire):
    wire.probe("udp set broadcast 1 sendto 255.255.255.255 4409 all "
               "sendto 10.9.0.255 4409 net")
    assert wire.peer.next(protocol=UDP, port=4409).destination == "255.255.255.255"
    assert wire.peer.next(protocol=UDP, port=4409).destination == "10.9.0.255"
    wire.finish()


def test_arp_table(wire):
    wire.probe(f"udp sendto {PEER} 9 x")
    wire.finish()
    table = wire.guest.read("/proc/net/arp")
    assert re.search(rf"^{re.escape(PEER)} +0x1 +0x2 +02:00:0a:09:00:01 +\* +eth0$", table,
                     re.M)


def test_send_buffer_bounds_what_a_silent_peer_holds(wire):
    """Nothing is acknowledged: a non-blocking sender is told so in time."""
    established(wire, 4410, before="set sndbuf 20000", after="nonblock fill 10000000")
    assert wire.result("fill")[0] == "EAGAIN"
    wire.finish()
