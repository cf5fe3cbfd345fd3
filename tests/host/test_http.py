# SPDX-License-Identifier: MIT
"""httpd in the guest against curl and many clients; the guest's fetch against
a server on the host."""

import concurrent.futures
import hashlib
import http.client
import http.server
import os
import socket
import subprocess
import threading

import pytest

CLIENTS, REQUESTS = 32, 8


def url(guest, path="/"):
    host, port = guest.address("tcp:80")
    return f"http://{host}:{port}{path}"


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--max-time", "60", *arguments],
                          capture_output=True, timeout=90)


@pytest.fixture(scope="module")
def big_file(guest):
    """The path and the checksum of a page of 4 MiB."""
    guest.check("dd if=/dev/urandom of=/var/www/big bs=64k count=64", 120)
    return "/big", guest.check("sha256sum /var/www/big", 120).split()[0]


def test_curl(guest):
    done = curl("-i", url(guest))
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body.decode() == guest.read("/var/www/index.html")


def test_both_versions_of_ip(guest):
    """httpd and echod have one socket for IPv4 and IPv6."""
    page = guest.run("fetch http://127.0.0.1/").output
    assert "</html>" in page
    assert guest.run('fetch "http://[::1]/"').output == page
    for host in "127.0.0.1", "::1":
        assert guest.run(f"echo over TCP | nc {host} 7").output.strip() == "over TCP"
        assert guest.run(f"echo over UDP | nc -u -w 1 {host} 7").output.strip() == "over UDP"


def test_missing_page(guest):
    done = curl("-o", os.devnull, "-w", "%{http_code}", url(guest, "/no/such/page"))
    assert done.stdout == b"404"


def test_outside_of_its_folder(guest):
    done = curl("--path-as-is", "-w", "%{http_code}", "-o", os.devnull,
                url(guest, "/../../etc/passwd"))
    assert done.stdout in (b"400", b"403", b"404")


def test_head(guest):
    done = curl("-I", url(guest))
    assert done.stdout.startswith(b"HTTP/1.1 200 ")
    length = len(guest.read("/var/www/index.html"))
    assert f"content-length: {length}\r\n".encode() in done.stdout.lower()


def test_unknown_method(guest):
    done = curl("-X", "BREW", "-o", os.devnull, "-w", "%{http_code}", url(guest))
    assert done.stdout in (b"405", b"501")


def test_malformed_request(guest):
    with socket.create_connection(guest.address("tcp:80"), 20) as client:
        client.sendall(b"this is not HTTP\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_keep_alive(guest):
    client = http.client.HTTPConnection(*guest.address("tcp:80"), timeout=20)
    client.connect()
    sock = client.sock
    for _ in range(20):
        client.request("GET", "/")
        answer = client.getresponse()
        assert answer.status == 200 and answer.read()
        assert client.sock is sock, "the server closed the connection"
    client.close()


def test_pipelined_requests(guest):
    with socket.create_connection(guest.address("tcp:80"), 20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3
                       + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b"".join(iter(lambda: client.recv(65536), b""))
    assert data.count(b"HTTP/1.1 200 ") == 4


def test_request_in_single_bytes(guest):
    with socket.create_connection(guest.address("tcp:80"), 20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.0\r\n\r\n":
            client.send(bytes([byte]))
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")


def test_large_page(guest, big_file):
    path, checksum = big_file
    done = curl(url(guest, path))
    assert hashlib.sha256(done.stdout).hexdigest() == checksum


def one_client(address, path, wanted):
    client = http.client.HTTPConnection(*address, timeout=60)
    for _ in range(REQUESTS):
        client.request("GET", path)
        answer = client.getresponse()
        body = answer.read()
        assert answer.status == 200 and body == wanted
    client.close()


def test_many_clients_at_once(guest):
    wanted = curl(url(guest)).stdout
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        jobs = [pool.submit(one_client, guest.address("tcp:80"), "/", wanted)
                for _ in range(CLIENTS)]
        for job in jobs:
            job.result()


def test_large_page_for_many(guest, big_file):
    path, checksum = big_file
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in pool.map(lambda _: curl(url(guest, path)), range(8)):
            assert hashlib.sha256(done.stdout).hexdigest() == checksum


def test_slow_client_holds_up_nobody(guest, big_file):
    """One client asks for a large page and reads nothing; others are served."""
    with socket.create_connection(guest.address("tcp:80"), 20) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET {big_file[0]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for _ in range(5):
            assert curl(url(guest)).returncode == 0


def test_clients_that_go_away(guest):
    """Half a request, then a reset: the server is unimpressed."""
    for _ in range(20):
        client = socket.create_connection(guest.address("tcp:80"), 20)
        client.sendall(b"GET /big HTTP/1.1\r\nHo")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    assert curl(url(guest)).returncode == 0


class Pages(http.server.BaseHTTPRequestHandler):
    pages = {"/small": b"from the host\n", "/large": os.urandom(1 << 20)}

    def do_GET(self):
        body = self.pages.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def host_server():
    """The port of a server on the host; the guest calls the host 10.0.2.2."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_guest_fetches(guest, host_server):
    assert guest.check(f"fetch -q http://10.0.2.2:{host_server}/small") == "from the host\n"


def test_guest_fetches_a_large_page(guest, host_server):
    output = guest.check(f"fetch -q http://10.0.2.2:{host_server}/large | sha256sum")
    assert output.split()[0] == hashlib.sha256(Pages.pages["/large"]).hexdigest()


def test_guest_fetch_fails(guest, host_server):
    assert guest.run(f"fetch -q http://10.0.2.2:{host_server}/missing").status == 8


def test_guest_fetches_from_itself(guest):
    assert guest.check("fetch -q http://127.0.0.1/") == guest.read("/var/www/index.html")


def test_connection_refused_by_the_host(guest):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    probe = "/tests/usertests --helper probe"
    assert "ECONNREFUSED" in guest.check(f"{probe} tcp connect 10.0.2.2 {port}") \
        or "ECONNRESET" in guest.check(f"{probe} tcp connect 10.0.2.2 {port} recv 1")
