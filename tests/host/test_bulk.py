# SPDX-License-Identifier: MIT
"""64 MiB over TCP each way, compared by SHA-256, and how fast that was."""

import hashlib
import os
import socket
import threading
import time

LENGTH = 64 << 20
SECONDS = 240


class Server:
    """A port of the host that serves one connection with a function."""

    def __init__(self, function):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(SECONDS)
        self.port = self.socket.getsockname()[1]
        self.result = None
        self.thread = threading.Thread(target=self._serve, args=(function,), daemon=True)
        self.thread.start()

    def _serve(self, function):
        with self.socket, self.socket.accept()[0] as connection:
            connection.settimeout(SECONDS)
            start = time.monotonic()
            self.result = function(connection)
            self.seconds = time.monotonic() - start

    def finish(self):
        self.thread.join(SECONDS)
        assert not self.thread.is_alive(), "the transfer did not end"
        rate = LENGTH * 8 / self.seconds / 1e6
        print(f"{LENGTH >> 20} MiB in {self.seconds:.1f} s, {rate:.0f} Mbit/s")
        return self.result


def receive_all(connection):
    checksum, length = hashlib.sha256(), 0
    while data := connection.recv(1 << 18):
        checksum.update(data)
        length += len(data)
    return length, checksum.hexdigest()


def test_host_to_guest(guest):
    block = os.urandom(1 << 20)
    checksum = hashlib.sha256()

    def send_all(connection):
        for i in range(LENGTH >> 20):
            piece = i.to_bytes(8, "big") + block[8:]
            checksum.update(piece)
            connection.sendall(piece)

    server = Server(send_all)
    output = guest.check(f"nc 10.0.2.2 {server.port} </dev/null | sha256sum", SECONDS)
    server.finish()
    assert output.split()[0] == checksum.hexdigest()


def test_guest_to_host(guest):
    guest.check("dd if=/dev/urandom of=/tmp/bulk bs=1M count=64", SECONDS)
    wanted = guest.check("sha256sum /tmp/bulk", SECONDS).split()[0]
    server = Server(receive_all)
    guest.check(f"nc 10.0.2.2 {server.port} </tmp/bulk", SECONDS)
    length, checksum = server.finish()
    guest.check("rm /tmp/bulk")
    assert (length, checksum) == (LENGTH, wanted)


def test_to_a_server_in_the_guest(boot):
    """Into the guest through a forwarded port, to nc -l."""
    guest = boot(forward=("tcp:5001",)).login()
    data = os.urandom(8 << 20)
    guest.start("nc -l 5001 | sha256sum")
    for _ in range(50):  # the forward answers before nc listens
        with socket.create_connection(guest.address("tcp:5001"), 60) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                client.recv(1)
                break
            except (ConnectionResetError, BrokenPipeError):
                time.sleep(0.2)
    found = guest.expect(r"([0-9a-f]{64})", SECONDS)
    assert found.group(1).decode() == hashlib.sha256(data).hexdigest()


def test_both_ways_at_once(guest):
    data = os.urandom(4 << 20)
    got = bytearray()
    with socket.create_connection(guest.address("tcp:7"), 60) as echo:
        def send():
            echo.sendall(data)
            echo.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        while piece := echo.recv(1 << 18):
            got += piece
        thread.join(60)
    assert bytes(got) == data


def test_transfer_for_a_slow_reader(guest):
    """The guest's sender is held back by a peer that reads in steps."""
    def slowly(connection):
        checksum, length = hashlib.sha256(), 0
        while data := connection.recv(65536):
            checksum.update(data)
            length += len(data)
            if length % (1 << 20) < 65536:
                time.sleep(0.05)
        return length, checksum.hexdigest()

    guest.check("dd if=/dev/urandom of=/tmp/slow bs=1M count=4", SECONDS)
    wanted = guest.check("sha256sum /tmp/slow", SECONDS).split()[0]
    server = Server(slowly)
    guest.check(f"nc 10.0.2.2 {server.port} </tmp/slow", SECONDS)
    assert server.finish() == (4 << 20, wanted)
