# SPDX-License-Identifier: MIT
"""The beginnings and ends of TCP connections on the wire, in every order
(RFC 9293, 3.5 and 3.6): who closes first, together, half, with data, twice; what
a reset does in each state; what is said to whoever sends to nobody."""

import zlib

import pytest

from frames import ACK, FIN, PSH, RST, SYN, TCP
from rawpeer import Connection

PORT = 5100


def state_of(sockets, connection):
    """The guest's state of a connection, by /proc/net/tcp; None if it is gone."""
    connection.answers()  # what was sent has arrived
    names = {1: "ESTABLISHED", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2",
             6: "TIME_WAIT", 8: "CLOSE_WAIT", 9: "LAST_ACK", 11: "CLOSING"}
    for line in sockets.show("/proc/net/tcp").splitlines()[1:]:
        words = line.split()
        ports = [int(word.split(":")[1], 16) for word in words[1:3]]
        if ports == [connection.guest_port, connection.port]:
            return names[int(words[3], 16)]
    return None


@pytest.fixture
def connection(sockets, request):
    """One that the guest accepted; its socket is the current one."""
    sockets.listen(PORT)
    number = 20000 + zlib.crc32(request.node.name.encode()) % 20000
    return sockets.accept(number, PORT)


def close_guest(sockets, connection):
    """The guest closes first; its FIN is not yet acknowledged."""
    sockets.do("close")
    fin = connection.expect(flags=FIN | ACK)
    assert fin.seq == connection.ack
    return fin


# ---- ends ----

def test_guest_closes_first(sockets, connection):
    close_guest(sockets, connection)
    assert state_of(sockets, connection) == "FIN_WAIT1"
    connection.ack += 1
    connection.send(ACK)
    assert state_of(sockets, connection) == "FIN_WAIT2"
    connection.send(FIN | ACK)
    connection.seq += 1
    assert connection.expect().ack == connection.seq
    assert state_of(sockets, connection) == "TIME_WAIT"


def test_peer_closes_first(sockets, connection):
    connection.send(FIN | ACK)
    connection.seq += 1
    assert connection.expect().ack == connection.seq
    assert sockets.receive() == ""
    assert state_of(sockets, connection) == "CLOSE_WAIT"
    close_guest(sockets, connection)
    assert state_of(sockets, connection) == "LAST_ACK"
    connection.ack += 1
    connection.send(ACK)
    assert connection.answers() == []
    assert state_of(sockets, connection) is None


def test_both_close_at_once(sockets, connection):
    """Each FIN is sent before the other is seen: CLOSING, then TIME_WAIT."""
    close_guest(sockets, connection)
    connection.send(FIN | ACK)
    connection.seq += 1
    answer = connection.expect()
    assert answer.ack == connection.seq
    assert state_of(sockets, connection) == "CLOSING"
    connection.ack += 1
    connection.send(ACK)
    assert state_of(sockets, connection) == "TIME_WAIT"


def test_fin_that_acknowledges_a_fin(sockets, connection):
    """Three segments instead of four."""
    close_guest(sockets, connection)
    connection.ack += 1
    connection.send(FIN | ACK)
    connection.seq += 1
    assert connection.expect().ack == connection.seq
    assert state_of(sockets, connection) == "TIME_WAIT"


@pytest.mark.parametrize("seconds", [30, -1])
@pytest.mark.parametrize("peer_first", [False, True])
def test_lingering_close_waits_for_its_fin(sockets, connection, peer_first, seconds):
    """SO_LINGER: also with nothing unsent. (-1 is Linux's longest time.)"""
    if peer_first:
        connection.send(FIN | ACK)
        connection.seq += 1
        assert connection.expect().ack == connection.seq
    sockets.do(f"linger {seconds}")
    sockets.begin("close")
    connection.expect(flags=FIN | ACK)
    connection.expect(flags=FIN | ACK)  # repeated: a while has passed
    connection.ack += 1
    connection.send(ACK)
    result, milliseconds = sockets.wire.result("close")
    assert result == "0" and int(milliseconds) >= 150
    sockets.guest.expect(rb"done\r?\n")
    assert state_of(sockets, connection) == (None if peer_first else "FIN_WAIT2")


def test_lingering_close_of_both_at_once(sockets, connection):
    """The peer's FIN acknowledges ours: from FIN_WAIT1 to TIME_WAIT."""
    sockets.do("linger 30")
    sockets.begin("close")
    connection.expect(flags=FIN | ACK)
    connection.ack += 1
    connection.send(FIN | ACK)
    connection.seq += 1
    assert sockets.wire.result("close", 10)[0] == "0"
    sockets.guest.expect(rb"done\r?\n")
    assert state_of(sockets, connection) == "TIME_WAIT"


def test_lingering_close_ends_at_its_time(sockets, connection):
    sockets.do("linger 1")
    sockets.begin("close")
    connection.expect(flags=FIN | ACK)
    result, milliseconds = sockets.wire.result("close")
    assert result == "0" and int(milliseconds) >= 900
    sockets.guest.expect(rb"done\r?\n")
    assert state_of(sockets, connection) == "FIN_WAIT1"
    connection.ack += 1
    connection.send(ACK)
    assert state_of(sockets, connection) == "FIN_WAIT2"


def test_fin_with_data(sockets, connection):
    connection.send(FIN | PSH | ACK, b"the last words")
    assert connection.expect().ack == connection.seq + 15
    assert sockets.receive() == "the last words"
    assert sockets.receive() == ""


def test_fin_before_the_data_in_front_of_it(sockets, connection):
    """It counts once what it ends is complete, not earlier."""
    connection.send(FIN | ACK, b"end", seq=connection.seq + 5)
    assert connection.expect().ack == connection.seq
    assert state_of(sockets, connection) == "ESTABLISHED"
    connection.send(ACK, b"begin")
    assert connection.expect(ack=connection.seq + 9)
    assert sockets.receive_all(8) == "beginend"
    assert sockets.receive() == ""


def test_repeated_fin_is_acknowledged_again(sockets, connection):
    for _ in range(2):
        connection.send(FIN | ACK)
        assert connection.expect().ack == connection.seq + 1
    assert sockets.receive() == ""


def test_repeated_fin_in_time_wait(sockets, connection):
    close_guest(sockets, connection)
    connection.ack += 1
    for _ in range(3):
        connection.send(FIN | ACK)
        assert connection.expect().ack == connection.seq + 1
    assert state_of(sockets, connection) == "TIME_WAIT"


def test_fin_is_sent_again_until_it_is_acknowledged(sockets, connection):
    fin = close_guest(sockets, connection)
    again = connection.expect(flags=FIN | ACK)
    assert again.seq == fin.seq and again.time - fin.time > 0.15


def test_half_close_of_the_guest_still_receives(sockets, connection):
    sockets.do("shutdown 1")
    connection.expect(flags=FIN | ACK)
    connection.ack += 1
    connection.send(ACK)
    connection.send_data(b"still here")
    assert sockets.receive() == "still here"
    assert state_of(sockets, connection) == "FIN_WAIT2"
    connection.send(FIN | ACK)
    assert sockets.receive() == ""


def test_half_close_of_the_peer_still_receives(sockets, connection):
    connection.send(FIN | ACK)
    connection.seq += 1
    assert sockets.receive() == ""
    sockets.do("send answer")
    assert connection.receive(6) == b"answer"
    close_guest(sockets, connection)


def test_unsent_data_goes_before_the_fin(sockets, connection):
    sockets.do("fill 3000 close")
    start, received, last = connection.ack, 0, None
    while not (last and last.flags & FIN):
        last = connection.expect()
        assert last.seq == start + received
        received += len(last.payload)
        connection.send(ACK, ack=start + received)
    assert received == 3000


# ---- data where nobody reads ----

def test_data_after_the_guest_closed_is_reset(sockets, connection):
    close_guest(sockets, connection)
    connection.ack += 1
    connection.send(ACK)
    connection.send(PSH | ACK, b"who reads this?")
    assert connection.expect().flags & RST
    assert state_of(sockets, connection) is None


def test_data_after_shut_rd_is_acknowledged(sockets, connection):
    """Linux takes it and reads of it the end; the peer sees no reset."""
    sockets.do("shutdown 0")
    connection.send_data(b"unread")
    answers = connection.answers()
    assert not [answer for answer in answers if answer.flags & RST]


def test_segment_to_a_connection_that_is_gone(sockets, connection):
    connection.send(RST)
    connection.send(PSH | ACK, b"hello?")
    answer = connection.expect()
    assert answer.flags & RST and answer.seq == connection.ack


@pytest.mark.parametrize("flags", [SYN, ACK, FIN | ACK, SYN | ACK, 0, FIN])
def test_segment_to_a_closed_port(wire, flags):
    """RFC 9293, 3.10.7.1: a reset that the sender of such a segment accepts."""
    wire.peer.send_tcp(5200, 999, 42, 77 if flags & ACK else 0, flags)
    answer, = wire.peer.answers(protocol=TCP, source_port=999)
    assert answer.flags & RST
    if flags & ACK:
        assert answer.seq == 77
    else:
        assert answer.seq == 0
        assert answer.ack == 42 + bool(flags & (SYN | FIN)) and answer.flags & ACK


def test_no_reset_answers_a_reset(wire):
    for flags in (RST, RST | ACK, RST | SYN):
        wire.peer.send_tcp(5201, 999, 42, 77, flags)
    assert wire.peer.answers(protocol=TCP) == []


# ---- a reset in each state ----

def test_reset_when_established(sockets, connection):
    connection.send(RST)
    assert sockets.receive() == "ECONNRESET"
    assert state_of(sockets, connection) is None


def test_reset_in_close_wait(sockets, connection):
    connection.send(FIN | ACK)
    connection.seq += 1
    assert sockets.receive() == ""
    connection.send(RST)
    connection.answers()
    assert sockets.do("send x") == "EPIPE"
    assert state_of(sockets, connection) is None


@pytest.mark.parametrize("acknowledged", [0, 1])
def test_reset_in_fin_wait(sockets, connection, acknowledged):
    close_guest(sockets, connection)
    connection.ack += acknowledged
    connection.send(ACK)
    connection.send(RST | ACK)
    assert state_of(sockets, connection) is None


def test_reset_in_last_ack(sockets, connection):
    connection.send(FIN | ACK)
    connection.seq += 1
    connection.answers()
    close_guest(sockets, connection)
    connection.send(RST | ACK)
    assert state_of(sockets, connection) is None


def test_reset_in_closing(sockets, connection):
    close_guest(sockets, connection)
    connection.send(FIN | ACK)
    connection.seq += 1
    connection.send(RST | ACK)
    assert state_of(sockets, connection) is None


def test_reset_in_time_wait_is_ignored(sockets, connection):
    """RFC 1337: the assassination of TIME_WAIT."""
    close_guest(sockets, connection)
    connection.ack += 1
    connection.send(FIN | ACK)
    connection.seq += 1
    connection.send(RST)
    assert state_of(sockets, connection) == "TIME_WAIT"


def test_reset_of_a_handshake(sockets):
    """SYN_RECV: the place in the backlog is free again, accept sleeps on."""
    sockets.listen(PORT, 0)
    sockets.peer.send_tcp(5300, PORT, 9, 0, SYN)
    sockets.peer.next(port=5300, flags=SYN | ACK)
    sockets.peer.send_tcp(5300, PORT, 10, 0, RST)
    sockets.begin("accept")
    connection = Connection.connect(sockets.peer, 5301, PORT)
    assert connection and sockets.result("accept").isdigit()


def test_reset_in_the_backlog(sockets):
    """A connection that was reset before accept is accepted all the same, and
    says so at the first read (Linux)."""
    sockets.listen(PORT)
    connection = Connection.connect(sockets.peer, 5302, PORT)
    connection.send_data(b"bye")
    connection.send(RST)
    connection.answers()
    assert sockets.do("accept").isdigit()
    assert sockets.do("recv 10") in ("3", "ECONNRESET")


# ---- beginnings ----

def test_syn_ack_with_a_wrong_acknowledgement(sockets):
    """Answered by a reset, and the handshake goes on."""
    sockets.begin("tcp connect 10.9.0.1 5400")
    syn = sockets.peer.next(protocol=TCP, port=5400, flags=SYN)
    sockets.peer.send_tcp(5400, syn.source_port, 500, syn.seq + 100, SYN | ACK)
    reset = sockets.peer.next(protocol=TCP, port=5400, flags=RST | ACK)
    assert reset.seq == syn.seq + 100
    sockets.peer.send_tcp(5400, syn.source_port, 600, syn.seq + 1, SYN | ACK)
    assert sockets.result("connect") == "0"


def test_acknowledgement_to_a_listener_is_reset(sockets):
    sockets.listen(PORT)
    sockets.peer.send_tcp(5401, PORT, 5, 1234, ACK)
    answer = sockets.peer.next(protocol=TCP, port=5401)
    assert answer.flags & RST and answer.seq == 1234


def test_wrong_acknowledgement_of_a_syn_ack_is_reset(sockets):
    sockets.listen(PORT)
    sockets.peer.send_tcp(5402, PORT, 9, 0, SYN)
    syn_ack = sockets.peer.next(protocol=TCP, port=5402)
    sockets.peer.send_tcp(5402, PORT, 10, syn_ack.seq + 7, ACK)
    answer = sockets.peer.next(protocol=TCP, port=5402)
    assert answer.flags & RST and answer.seq == syn_ack.seq + 7
    sockets.peer.send_tcp(5402, PORT, 10, syn_ack.seq + 1, ACK)
    assert sockets.do("accept").isdigit()


def test_repeated_syn_is_answered_again(sockets):
    sockets.listen(PORT)
    for _ in range(2):
        sockets.peer.send_tcp(5403, PORT, 9, 0, SYN)
    first, second = (sockets.peer.next(protocol=TCP, port=5403, flags=SYN | ACK)
                     for _ in range(2))
    assert (first.seq, first.ack) == (second.seq, second.ack)


def test_data_with_the_handshakes_last_segment(sockets):
    sockets.listen(PORT)
    sockets.peer.send_tcp(5404, PORT, 9, 0, SYN)
    syn_ack = sockets.peer.next(protocol=TCP, port=5404)
    sockets.peer.send_tcp(5404, PORT, 10, syn_ack.seq + 1, PSH | ACK, b"early")
    sockets.do("accept")
    assert sockets.receive() == "early"


def test_fin_with_the_handshakes_last_segment(sockets):
    sockets.listen(PORT)
    sockets.peer.send_tcp(5405, PORT, 9, 0, SYN)
    syn_ack = sockets.peer.next(protocol=TCP, port=5405)
    sockets.peer.send_tcp(5405, PORT, 10, syn_ack.seq + 1, FIN | ACK, b"all")
    sockets.do("accept")
    assert sockets.receive_all(3) == "all"
    assert sockets.receive() == ""


def test_christmas_tree(wire):
    """SYN with FIN opens nothing."""
    wire.peer.send_tcp(5406, 7, 9, 0, SYN | FIN | PSH)
    answers = wire.peer.answers(protocol=TCP, port=5406)
    assert not [answer for answer in answers if answer.flags & SYN]
