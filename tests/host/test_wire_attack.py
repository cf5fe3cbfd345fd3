# SPDX-License-Identifier: MIT
"""TCP segments that somebody forged or spoilt: blind resets, SYNs and data (RFC
5961), wrong checksums, malformed headers and options. The connection that they
name goes on, and what is dropped is counted."""

import re
import zlib

import pytest

from frames import ACK, FIN, PSH, RST, SYN, TCP, URG, tcp
from rawpeer import Connection

PORT = 5600


@pytest.fixture
def number(request):
    return 20000 + zlib.crc32(request.node.name.encode()) % 20000


@pytest.fixture
def connection(sockets, number):
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT)
    connection.send_data(b"before")
    assert sockets.receive() == "before"
    sockets.do("send first")
    assert connection.receive(5) == b"first"
    return connection


def is_alive(sockets, connection):
    """Data goes both ways, and nothing was added to it."""
    connection.send_data(b"alive")
    assert sockets.receive() == "alive"
    sockets.do("send yes")
    data = connection.receive(3)
    return data == b"yes"


def is_challenge(answers, connection):
    """One acknowledgement that tells a true peer what is expected."""
    return [(answer.flags, answer.seq, answer.ack) for answer in answers] == \
        [(ACK, connection.ack & 0xFFFFFFFF, connection.seq & 0xFFFFFFFF)]


# ---- blind resets (RFC 5961, 3.2) ----

@pytest.mark.parametrize("offset", [-1, -1000, 1 << 24, -(1 << 30), 1 << 31])
def test_reset_outside_the_window_is_dropped(sockets, connection, offset):
    connection.send(RST, seq=connection.seq + offset)
    assert connection.answers() == []
    assert is_alive(sockets, connection)


@pytest.mark.parametrize("offset", [1, 100, 5000])
def test_reset_inside_the_window_is_challenged(sockets, connection, offset):
    connection.send(RST, seq=connection.seq + offset)
    assert is_challenge(connection.answers(), connection)
    assert is_alive(sockets, connection)


def test_true_peer_resets_after_the_challenge(sockets, connection):
    connection.send(RST, seq=connection.seq + 100)
    challenge = connection.expect(flags=ACK)
    connection.send(RST, seq=challenge.ack)
    assert sockets.receive() == "ECONNRESET"


@pytest.mark.parametrize("offset", [-1, 1, 50])
def test_reset_of_a_handshake_must_be_exact(sockets, number, offset):
    """In SYN_RECV: a blind attacker ends no half-open connection."""
    sockets.listen(PORT)
    sockets.peer.send_tcp(number, PORT, 9, 0, SYN)
    answer = sockets.peer.next(protocol=TCP, port=number)
    sockets.peer.send_tcp(number, PORT, 10 + offset, 0, RST)
    sockets.peer.send_tcp(number, PORT, 10, answer.seq + 1, ACK)
    assert sockets.do("accept").isdigit()


# ---- SYN in a connection (RFC 5961, 4.2) ----

@pytest.mark.parametrize("offset", [-1, 0, 1, 1 << 20, 1 << 31])
@pytest.mark.parametrize("flags", [SYN, SYN | ACK])
def test_syn_is_challenged(sockets, connection, offset, flags):
    connection.send(flags, seq=connection.seq + offset)
    assert is_challenge(connection.answers(), connection)
    assert is_alive(sockets, connection)


def test_challenges_are_limited(sockets, connection):
    """RFC 5961, 7: an attacker gets no answer for each of his segments."""
    for i in range(500):
        connection.send(SYN, seq=connection.seq + i)
    assert 1 <= len(connection.answers()) < 400
    assert is_alive(sockets, connection)


# ---- blind data (RFC 5961, 5.2) ----

@pytest.mark.parametrize("offset", [1000, 1 << 30, -(1 << 30), 1 << 31],
                         ids=["ahead", "far", "long ago", "opposite"])
def test_data_with_an_impossible_acknowledgement(sockets, connection, offset):
    """Neither taken nor believed; answered by what is true."""
    connection.send(PSH | ACK, b"forged", ack=connection.ack + offset)
    assert is_challenge(connection.answers(), connection)
    assert is_alive(sockets, connection)


def test_data_without_an_acknowledgement_is_dropped(sockets, connection):
    """RFC 9293, 3.10.7.4: fifth, if the ACK bit is off, drop the segment."""
    connection.send(PSH, b"forged")
    assert connection.answers() == []
    assert is_alive(sockets, connection)


def test_fin_without_an_acknowledgement_is_dropped(sockets, connection):
    connection.send(FIN)
    assert connection.answers() == []
    assert is_alive(sockets, connection)


def test_urgent_pointer_beyond_the_data(sockets, connection):
    connection.send(PSH | ACK | URG, b"urgent", urgent=0xFFFF)
    connection.seq += 6
    assert sockets.receive() in ("urgent", "urgen")
    assert is_alive(sockets, connection)


def test_another_address_is_another_connection(sockets, connection):
    """The ports and numbers are right, the sender is not."""
    sockets.peer.send_tcp(connection.port, PORT, connection.seq, connection.ack,
                          PSH | ACK, b"forged", "10.9.0.200")
    connection.answers()
    assert is_alive(sockets, connection)


# ---- spoilt segments ----

@pytest.mark.parametrize("spoil", [1, 0x8000, 0x5555])
def test_bad_checksum_is_dropped_and_counted(sockets, connection, spoil):
    before = sockets.counters()
    connection.send(PSH | ACK, b"spoilt", spoil=spoil)
    assert connection.answers() == []
    after = sockets.counters()
    for name in ("Tcp InCsumErrors", "Tcp InErrs"):
        assert after[name] == before[name] + 1, name
    assert is_alive(sockets, connection)


@pytest.mark.parametrize("words", [0, 1, 4, 15])
def test_bad_header_length_is_dropped(sockets, connection, words):
    """Shorter than a header, or longer than the segment."""
    connection.send(PSH | ACK, b"bad", words=words)
    assert connection.answers() == []
    assert is_alive(sockets, connection)


@pytest.mark.parametrize("length", range(0, 20, 3))
def test_truncated_header_is_dropped(sockets, connection, length):
    segment = tcp(connection.port, PORT, connection.seq, connection.ack, PSH | ACK)
    sockets.peer.send_ip(TCP, segment[:length])
    assert connection.answers() == []
    assert is_alive(sockets, connection)


MALFORMED = {
    "length 0": b"\x02\x00\x05\xb4",
    "length 1": b"\x02\x01\x05\xb4",
    "past the end": b"\x02\x28\x05\xb4",
    "MSS of length 3": b"\x02\x03\x05\x01",
    "cut off": b"\x01\x01\x01\x02",
    "unknown": b"\xfd\x04\xde\xad",
    "unknown, length 0": b"\xfd\x00\xde\xad",
    "end first": b"\x00\x02\x04\x05",
    "scale of length 8": b"\x03\x08\x01\x01\x01\x01\x01\x01",
    "SACK of half a block": b"\x01\x01\x05\x06\x00\x00\x00\x00",
    "timestamp of length 4": b"\x08\x04\x00\x00",
    "all 40 bytes": b"\x01" * 40,
    "40 unknown of length 2": b"\xfc\x02" * 20,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_options_on_data(sockets, connection, name):
    """The data is good, and so is what follows."""
    connection.send(PSH | ACK, b"data", options=MALFORMED[name])
    answers = connection.answers()
    assert not [answer for answer in answers if answer.flags & RST]
    connection.send_data(b"data")
    assert sockets.receive_all(4)[:4] == "data"
    assert is_alive(sockets, connection)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_options_on_a_syn(sockets, number, name):
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT, options=MALFORMED[name])
    assert is_alive(sockets, connection)


@pytest.mark.parametrize("mss", [0, 1, 8, 47])
def test_tiny_maximum_segment(sockets, number, mss):
    """It does not make the guest send a segment for each byte, nor divide by 0."""
    sockets.listen(PORT)
    connection = sockets.accept(number, PORT,
                                options=b"\x02\x04" + mss.to_bytes(2, "big"))
    sockets.do("fill 2000")
    assert len(connection.receive(2000)) == 2000
    assert is_alive(sockets, connection)


def test_time_to_live_of_1_is_enough(sockets, connection):
    """It is for routers to look at."""
    segment = tcp(connection.port, PORT, connection.seq, connection.ack, PSH | ACK, b"near")
    sockets.peer.send_ip(TCP, segment, ttl=1)
    connection.seq += 4
    assert sockets.receive() == "near"


def test_segment_from_itself(wire):
    """The 'land' attack: a SYN from the guest's own address and port."""
    wire.clear()
    wire.peer.send_tcp(7, 7, 5, 0, SYN, source="10.9.0.2")
    assert wire.peer.answers(protocol=TCP) == []
    rows = wire.guest.read("/proc/net/tcp")
    assert not re.search(r"0200090A:0007 0200090A:0007", rows)


def test_listener_survives_all_of_it(sockets, number):
    sockets.listen(PORT)
    for flags in range(64):
        sockets.peer.send_tcp(number, PORT, 77 * flags, 55 * flags, flags, b"x" * (flags % 3))
    connection = Connection.connect(sockets.peer, number + 1, PORT)
    assert connection
