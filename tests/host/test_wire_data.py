# SPDX-License-Identifier: MIT
"""TCP's data on the wire: segments out of order, overlapping, twice, beyond the
window; SACK (RFC 2018); windows that are tiny, huge, closed and silly (RFC 9293,
3.8.6); what the guest sends into them."""

import random
import zlib

import pytest

from frames import ACK, PSH
from rawpeer import Connection

PORT = 5500
SACK_PERMITTED, SACK = 4, 5
OFFER_SACK = b"\x04\x02\x01\x01"
WINDOW_SCALE = 3
ALPHABET = "".join(chr(ord("a") + i % 26) for i in range(5000))


def pattern(start, length):
    """A stretch of the stream whose byte i is a letter that i determines."""
    return bytes(ord("a") + (start + i) % 26 for i in range(length))


def sack_blocks(packet, base):
    """A packet's SACK blocks as (start, end), counted from base."""
    words = packet.options.get(SACK, b"")
    numbers = [int.from_bytes(words[i:i + 4], "big") - base & 0xFFFFFFFF
               for i in range(0, len(words), 4)]
    return list(zip(numbers[::2], numbers[1::2]))


@pytest.fixture
def number(request):
    """A port of ours for this test."""
    return 20000 + zlib.crc32(request.node.name.encode()) % 20000


@pytest.fixture
def connection(sockets, number):
    sockets.listen(PORT)
    return sockets.accept(number, PORT, options=OFFER_SACK)


def put(connection, offset, length):
    """Send a stretch of the stream; the connection's seq is its beginning."""
    connection.send(PSH | ACK, pattern(offset, length), seq=connection.seq + offset)


def acknowledged(connection, length):
    """The acknowledgement of the stream's first bytes, which may be delayed."""
    return connection.expect(5, ack=connection.seq + length & 0xFFFFFFFF)


# ---- arriving ----

@pytest.mark.parametrize("pieces", [
    [(5, 5), (0, 5)],                              # the second first
    [(15, 5), (10, 5), (5, 5), (0, 5)],            # backwards
    [(5, 10), (0, 8), (0, 15)],                    # overlapping at the front
    [(5, 5), (5, 5), (0, 5)],                      # twice
    [(2, 3), (0, 10), (10, 1)],                    # swallowed by a larger one
    [(4, 4), (10, 4), (2, 10), (0, 2)],            # bridging two
    [(4, 8), (6, 2), (0, 4)],                      # inside another
    [(8, 4), (4, 8), (0, 6)],                      # extending to the left
    [(0, 5), (3, 7), (1, 2), (9, 3)],              # partly old
    [(2, 2), (6, 2), (10, 2), (14, 2), (18, 2), (0, 20)],
], ids=str)
def test_reassembly(sockets, connection, pieces):
    for offset, length in pieces:
        put(connection, offset, length)
    length = max(offset + length for offset, length in pieces)
    acknowledged(connection, length)
    assert sockets.receive_all(length) == ALPHABET[:length]


@pytest.mark.parametrize("seed", range(4))
def test_reassembly_of_random_pieces(sockets, connection, seed):
    """Pieces that cover the stream, overlapping, in any order, some twice."""
    choose = random.Random(seed)
    length = 3000
    pieces = [(start, min(choose.randint(1, 200), length - start))
              for start in range(0, length, 60)]
    pieces = [(start, max(size, min(60, length - start))) for start, size in pieces]
    pieces += choose.sample(pieces, 10)
    choose.shuffle(pieces)
    for offset, size in pieces:
        put(connection, offset, size)
    acknowledged(connection, length)
    assert sockets.receive_all(length) == ALPHABET[:length], f"seed {seed}"


def test_sequence_numbers_wrap(sockets, number):
    sockets.listen(PORT)
    connection = Connection(sockets.peer, number, PORT)
    connection.seq = 0xFFFFFFFB
    connection.send(2)  # SYN
    answer = connection.expect()
    connection.seq, connection.ack = connection.seq + 1, answer.seq + 1
    connection.send(ACK)
    sockets.do("accept")
    put(connection, 10, 10)
    put(connection, 0, 10)
    acknowledged(connection, 20)
    assert sockets.receive_all(20) == ALPHABET[:20]


def test_hole_is_answered_at_once(connection):
    """A duplicate acknowledgement for each segment beyond it (RFC 5681, 4.2)."""
    for offset in (10, 20, 30):
        put(connection, offset, 10)
    answers = connection.answers()
    assert [answer.ack for answer in answers] == [connection.seq] * 3


def test_filled_hole_is_acknowledged_at_once(connection):
    """RFC 5681, 4.2: all of it or a part."""
    put(connection, 20, 10)
    put(connection, 10, 5)
    put(connection, 0, 10)
    assert connection.answers()[-1].ack == connection.seq + 15
    put(connection, 15, 5)
    assert connection.answers()[-1].ack == connection.seq + 30


def test_sack_blocks(connection):
    """The latest block comes first; a filled hole joins two (RFC 2018, 4)."""
    put(connection, 10, 5)
    put(connection, 20, 5)
    answers = connection.answers()
    assert sack_blocks(answers[0], connection.seq) == [(10, 15)]
    assert sack_blocks(answers[1], connection.seq) == [(20, 25), (10, 15)]
    put(connection, 15, 5)
    answer, = connection.answers()
    assert sack_blocks(answer, connection.seq) == [(10, 25)]
    put(connection, 0, 10)
    assert not sack_blocks(acknowledged(connection, 25), 0)


def test_no_sack_for_a_peer_that_did_not_offer_it(sockets, number):
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT)
    assert SACK_PERMITTED not in connection.syn.options
    put(connection, 10, 5)
    answer, = connection.answers()
    assert SACK not in answer.options


def test_old_data_is_acknowledged_and_not_delivered(sockets, connection):
    put(connection, 0, 5)
    put(connection, 0, 5)
    assert connection.answers()[-1].ack == connection.seq + 5
    put(connection, 5, 5)
    assert sockets.receive_all(10) == ALPHABET[:10]


def test_data_beyond_the_window_is_dropped(sockets, connection):
    """And answered by an acknowledgement (RFC 9293, 3.10.7.4)."""
    beyond = 10 << 20
    connection.send(PSH | ACK, b"far", seq=connection.seq + beyond)
    answer, = connection.answers()
    assert answer.ack == connection.seq and not sack_blocks(answer, 0)
    put(connection, 0, 5)
    assert sockets.receive() == ALPHABET[:5]


def test_data_at_the_windows_edge(sockets, number):
    """What reaches over the right edge is cut off there."""
    sockets.listen(PORT)
    sockets.do("set rcvbuf 4096")
    connection = sockets.accept(number, PORT)
    put(connection, 0, 1000)
    edge = 1000 + acknowledged(connection, 1000).window
    assert edge <= 4096
    put(connection, edge - 10, 20)
    put(connection, 1000, edge - 1010)
    acknowledged(connection, edge)
    assert sockets.receive_all(edge) == ALPHABET[:edge]


@pytest.mark.parametrize("segments", [1, 2])
def test_acknowledgements_are_delayed_but_not_for_long(connection, segments):
    """RFC 9293, 3.8.6.3: at least each second segment, within half a second."""
    for i in range(segments):
        put(connection, i * 1000, 1000)
    answers = connection.answers()
    answer = answers[-1] if answers else connection.expect(0.5)
    assert answer.ack == connection.seq + segments * 1000


# ---- windows ----

def test_tiny_window(sockets, number):
    """A peer with room for 3 bytes gets no more than 3 at a time, all in order."""
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT, window=3)
    sockets.do("fill 12")
    data = b""
    while len(data) < 12:
        packet = connection.expect()
        assert len(packet.payload) <= 3
        if packet.seq == connection.ack and packet.payload:
            data += packet.payload
            connection.ack += len(packet.payload)
            connection.send(ACK)
    assert data == b"abcdefghijkl"


def test_silly_window_is_not_filled(sockets, number):
    """RFC 9293, 3.8.6.2.1: a window of a few bytes, smaller than half of what it
    was, is not filled at once; a timer sees to it later."""
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT, window=536)
    sockets.do("fill 20000")
    start = connection.ack
    while connection.ack < start + 536:
        connection.ack += len(connection.expect().payload)
    connection.send(ACK, window=100)
    assert [packet for packet in connection.answers() if packet.payload] == []
    second = connection.expect()
    assert 0 < len(second.payload) <= 100


def test_huge_window(sockets, number):
    """The largest scale (RFC 7323, 2.3: 14) and window: all of it is used."""
    sockets.listen(PORT)
    connection = sockets.accept(
        number, PORT, options=bytes((1, WINDOW_SCALE, 3, 14, 2, 4, 5, 0xB4)))
    sockets.begin("fill 100000")
    assert connection.receive(100000) == pattern(0, 100000)


def test_window_scale_beyond_the_largest(sockets, number):
    """A shift of 255 counts as 14 (RFC 7323, 2.3)."""
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT, options=bytes((1, WINDOW_SCALE, 3, 255)))
    sockets.begin("fill 50000")
    assert connection.receive(50000) == pattern(0, 50000)


def test_shrunken_window(sockets, number):
    """A peer that takes window back (discouraged, RFC 9293, 3.8.6) gets all."""
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT, window=8000)
    sockets.do("fill 20000")
    data = b""
    while len(data) < 20000:
        packet = connection.expect()
        known = (connection.ack - packet.seq) & 0xFFFFFFFF
        if known < len(packet.payload):
            data += packet.payload[known:]
            connection.ack += len(packet.payload) - known
            connection.window = 8000 if connection.window == 500 else 500
        connection.send(ACK)
    assert data == pattern(0, 20000)


def test_closed_window_is_probed_ever_more_slowly(sockets, number):
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT, window=0)
    sockets.do("send stuck")
    times = []
    for _ in range(3):
        probe = connection.expect(15)
        assert len(probe.payload) <= 1
        times.append(probe.time)
        connection.send(ACK)
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert gaps[1] > gaps[0] * 1.4
    connection.window = 1000
    connection.send(ACK)
    assert connection.receive(5) == b"stuck"


def test_old_acknowledgement_does_not_shrink_the_window(sockets, connection):
    """A delayed, older segment's window is not used (RFC 9293: SND.WL1, WL2)."""
    put(connection, 0, 10)
    connection.seq += 10
    connection.send(ACK)
    connection.answers()
    connection.send(ACK, seq=connection.seq - 10, window=0)
    sockets.do("send quick")
    assert connection.expect(0.4, payload=b"quick")


def test_window_update_is_sent_when_there_is_room(sockets, number):
    sockets.listen(PORT)
    sockets.do("set rcvbuf 8192")
    connection = sockets.accept(number, PORT)
    sent, window = 0, 500
    while window:
        length = min(500, window)
        put(connection, sent, length)
        sent += length
        window = acknowledged(connection, sent).window
    sockets.receive_all(sent)
    assert connection.expect().window > 1000
