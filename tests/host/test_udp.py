# SPDX-License-Identifier: MIT
"""UDP echo through the wire: every kind of size, in order, from many clients,
and to a server on the host."""

import concurrent.futures
import os
import socket
import threading

import pytest

SIZES = [0, 1, 2, 7, 100, 511, 512, 513, 1000, 1471, 1472, 1473, 1480, 1481, 2952, 2953,
         4096, 8192, 9000, 16384, 32768, 40000, 50000, 60000, 65000, 65506, 65507]


def client(guest):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(20)
    sock.connect(guest.address("udp:7"))
    return sock


@pytest.mark.parametrize("size", SIZES)
def test_echo(guest, size):
    data = os.urandom(size)
    with client(guest) as sock:
        sock.send(data)
        assert sock.recv(65536) == data


def test_boundaries(guest):
    """Datagrams come back one by one and whole."""
    sent = [os.urandom(size) for size in (10, 0, 1400, 3, 2000, 0, 1)]
    with client(guest) as sock:
        for data in sent:
            sock.send(data)
        got = [sock.recv(65536) for _ in sent]
    assert sorted(got) == sorted(sent)


def test_many_clients(guest):
    def talk(number):
        with client(guest) as sock:
            for i in range(50):
                data = b"%d:%d" % (number, i)
                sock.send(data)
                assert sock.recv(100) == data

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(8)))


def test_empty_datagram_to_the_host(guest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        port = server.getsockname()[1]
        guest.check(f"/tests/usertests --helper probe udp sendto 10.0.2.2 {port} hello")
        data, _ = server.recvfrom(100)
        assert data == b"hello"


def test_answer_from_the_host(guest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        port = server.getsockname()[1]

        def answer():
            data, peer = server.recvfrom(100)
            server.sendto(data.upper(), peer)

        thread = threading.Thread(target=answer)
        thread.start()
        output = guest.check("/tests/usertests --helper probe udp "
                             f"connect 10.0.2.2 {port} send question recv 100")
        thread.join(20)
    assert "data: QUESTION" in output


def test_tcp_echo_of_the_same_port(guest):
    data = os.urandom(200000)
    with socket.create_connection(guest.address("tcp:7"), 20) as sock:
        thread = threading.Thread(target=lambda: (sock.sendall(data),
                                                  sock.shutdown(socket.SHUT_WR)))
        thread.start()
        got = b"".join(iter(lambda: sock.recv(65536), b""))
        thread.join(20)
    assert got == data
