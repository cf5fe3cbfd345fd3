# SPDX-License-Identifier: MIT
"""The programs of user/, built for this machine: they are plain POSIX C, so
what they do here they must do in the guest."""

import hashlib
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time

import pytest

from shell_cases import CASES, SAME_PROGRAMS, on_this_machine

TREE = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
BUILD = os.environ.get("WHARF_BUILD", os.path.join(TREE, "build"))
BIN = os.path.join(BUILD, "host-user")

pytestmark = pytest.mark.skipif(not os.path.exists(f"{BIN}/sh"),
                                reason="make host-programs builds them")

ENVIRONMENT = {"PATH": f"{BIN}:/usr/bin:/bin", "LC_ALL": "C"}


def run(*command, **options):
    options.setdefault("env", ENVIRONMENT)
    options.setdefault("timeout", 20)
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)


@pytest.mark.parametrize("name, script, output, status", CASES,
                         ids=[case[0] for case in CASES])
def test_shell(name, script, output, status, tmp_path):
    """Each script prints what POSIX says."""
    done = run(f"{BIN}/sh", "-c", script, cwd=tmp_path)
    assert (done.stdout.decode(), done.returncode) == (output, status), done.stderr


class Terminal:
    """A shell that believes that a person types to it."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(f"{BIN}/sh", ["sh"], ENVIRONMENT)
        self.seen = ""

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def expect(self, text, seconds=5):
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.fd], [], [], left)[0], \
                f"no {text!r} in {self.seen!r}"
            self.seen += os.read(self.fd, 4096).decode()

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal():
    shell = Terminal()
    yield shell
    shell.close()


PROMPT = "wharf# " if os.geteuid() == 0 else "$ "


def test_shell_ctrl_c(terminal):
    """Ctrl-C ends the job in front, a loop, and a line half typed."""
    terminal.expect(PROMPT)
    terminal.type("sleep 60\n")
    time.sleep(0.3)
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("echo $?\n")
    terminal.expect("130\r\n" + PROMPT)
    terminal.type("while :; do sleep 0.1; done\n")
    time.sleep(0.3)
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("while :; do :; done\n")
    time.sleep(0.3)
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("echo 'not\n")
    terminal.expect("> ")
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("echo still here | tr a-z A-Z\n")
    terminal.expect("STILL HERE\r\n" + PROMPT)


def test_shell_jobs(terminal):
    """Ctrl-Z stops a job; jobs, bg, fg and kill %1 find it."""
    terminal.expect(PROMPT)
    terminal.type("sleep 61\n")
    time.sleep(0.3)
    terminal.type("\x1a")
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    terminal.type("bg; jobs\n")
    terminal.expect("Running")
    terminal.expect(PROMPT)
    terminal.type("kill %1; wait; echo waited\n")
    terminal.expect("waited\r\n" + PROMPT)
    terminal.type("sleep 62 & fg\n")
    time.sleep(0.3)
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("ls /none\n")
    terminal.expect(PROMPT)
    terminal.type("exit\n")


def test_shell_errors_keep_the_prompt(terminal):
    """What would end a script only ends the line."""
    terminal.expect(PROMPT)
    terminal.type("echo )\n")
    terminal.expect("syntax error")
    terminal.expect(PROMPT)
    terminal.type("echo ${none?gone}; echo not reached\n")
    terminal.expect("none: gone\r\n" + PROMPT)
    terminal.type("for i in 1 2\ndo echo n$i\ndone\n")
    terminal.expect("n1\r\nn2\r\n" + PROMPT)


@pytest.mark.parametrize("command, text", SAME_PROGRAMS,
                         ids=[f"{case[0]}, {len(case[1])}" for case in SAME_PROGRAMS])
def test_like_this_machine(command, text):
    """Output and status are those of the program of the same name."""
    name, *arguments = command.split()
    ours = run(f"{BIN}/{name}", *arguments, input=text.encode())
    assert (ours.stdout.decode(), ours.returncode) == on_this_machine(command, text)


def test_processes():
    """ps, kill, sleep, env, printenv, uname, free, date answer sensibly."""
    script = """sleep 30.125 & sleep 0.3; ps | grep -c 'sleep 30.125$'; kill $!; wait $!; echo $?
env A=b printenv A; env -i C=d env; uname -s; date -u +%Y | grep -c '^20'
free | wc -l; uptime | grep -c '^up'; hostname >/dev/null && echo named
mount | grep -c ' on /proc '; df / | wc -l; true && echo t; false || echo f
"""
    done = run(f"{BIN}/sh", "-c", script)
    assert done.stdout.decode() == (
        "1\n143\nb\nC=d\nLinux\n1\n2\n1\nnamed\n1\n2\nt\nf\n"), done.stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(*command, port, **options):
    """Start it, and wait until the port answers."""
    server = subprocess.Popen(command, **options)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server
        except ConnectionRefusedError:
            time.sleep(0.05)
    server.kill()
    raise AssertionError(f"{command[0]} does not listen")


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """An httpd with a few files; its port and its root."""
    root = tmp_path_factory.mktemp("www")
    (root / "a.txt").write_text("hello\n")
    (root / "big").write_bytes(os.urandom(5_000_000))
    (root / "d").mkdir()
    (root / "d" / "x & <y>").write_text("odd name\n")
    (root / "i").mkdir()
    (root / "i" / "index.html").write_text("<p>index\n")
    os.mkfifo(root / "fifo")
    port = free_port()
    server = start_server(f"{BIN}/httpd", "-p", str(port), "-r", str(root),
                          "-t", "2", port=port)
    yield port, root
    assert server.poll() is None, "httpd died"
    server.kill()
    server.wait()


def talk(port, data, finish=True):
    """Send bytes, return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(data)
        if finish:
            s.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: s.recv(65536), b""))


def get(port, target, extra="", version="1.1", method="GET"):
    """(status, head, body) of one request."""
    answer = talk(port, f"{method} {target} HTTP/{version}\r\nHost: x\r\n"
                        f"{extra}\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


@pytest.mark.parametrize("target, status", [
    ("/a.txt", 200), ("/", 200), ("/d/", 200), ("/i/", 200), ("/d", 301),
    ("/a%2etxt?query#part", 200), ("//d/../a.txt", 403), ("/../etc/passwd", 403),
    ("/%2e%2e/etc/passwd", 403), ("/d/%2e%2e/%2e%2e/x", 403), ("/none", 404),
    ("/a.txt/", 404), ("/a.txt/b", 404), ("/fifo", 403), ("/%zz", 400), ("/%00", 400),
    ("a.txt", 400), ("http://x", 200), ("http://x/a.txt", 200),
    ("/" + "a" * 9000, 414), ("/" + "a/" * 2200, 414),
])
def test_httpd_status(web, target, status):
    """Every target gets its status, and the length is the true one."""
    got, head, body = get(web[0], target)
    assert got == status
    assert int(re.search(r"Content-Length: (\d+)", head)[1]) == len(body)


def test_httpd_malformed(web):
    port = web[0]
    assert get(port, "/", version="2.0")[0] == 505
    assert get(port, "/", method="POST")[0] == 405
    assert "Allow: GET, HEAD" in get(port, "/", method="DELETE")[1]
    assert get(port, "/", extra="X: " + "y" * 9000 + "\r\n")[0] == 431
    assert get(port, "/", extra="no colon\r\n")[0] == 400
    for request in (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"\xff\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
        assert talk(port, request).split()[1] == b"400"


def test_httpd_content(web):
    port, root = web
    assert get(port, "/a.txt")[2] == b"hello\n"
    assert "text/plain" in get(port, "/a.txt")[1]
    assert get(port, "/big")[2] == (root / "big").read_bytes()
    assert get(port, "/i/")[2] == b"<p>index\n"
    assert "Location: /d/\r\n" in get(port, "/d")[1] + "\r\n"
    assert b'<a href="x%20%26%20%3Cy%3E">x &#38; &#60;y&#62;</a>' in get(port, "/d/")[2]


def test_httpd_head(web):
    answer = talk(web[0], b"HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Content-Length: 5000000\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_httpd_keep_alive(web):
    """Three requests at once get three answers; 1.0 and `close` end it."""
    one = b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = talk(web[0], one + b"\r\n" + one + b"GET /a.txt HTTP/1.0\r\n\r\n" + one,
                  finish=False)
    assert answer.count(b"\r\n\r\nhello\n") == 3
    assert answer.count(b"Connection: keep-alive") == 2
    answer = talk(web[0], one.replace(b"x\r\n", b"x\r\nConnection: close\r\n") + one,
                  finish=False)
    assert answer.count(b"hello") == 1


def test_httpd_byte_by_byte(web):
    with socket.create_connection(("127.0.0.1", web[0])) as s:
        for byte in b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n":
            s.sendall(bytes([byte]))
        assert s.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_httpd_slow_readers(web):
    """200 clients ask for a large file and do not read: others are served."""
    port = web[0]
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for s in idle:
        s.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    assert get(port, "/a.txt")[2] == b"hello\n"
    for s in idle:
        s.close()
    assert get(port, "/a.txt")[2] == b"hello\n"


def test_httpd_idle(web):
    """A silent client is let go after the time of -t."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", web[0])) as s:
        s.sendall(b"GET / HT")
        assert s.recv(1) == b""
    assert 1 <= time.monotonic() - start < 5


def test_httpd_without_descriptors(web, tmp_path):
    """Out of descriptors, it neither dies nor spins, and comes back."""
    port = free_port()
    server = start_server("/bin/sh", "-c", f"ulimit -n 12; exec {BIN}/httpd -p {port} "
                          f"-r {web[1]}", port=port)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    time.sleep(1)
    with open(f"/proc/{server.pid}/stat", encoding="ascii") as file:
        ticks = sum(map(int, file.read().split()[13:15]))
    assert ticks < 20
    for s in clients:
        s.close()
    assert get(port, "/a.txt")[0] == 200
    server.kill()
    server.wait()


def test_fetch(web, tmp_path):
    port, root = web
    base = f"http://127.0.0.1:{port}"
    assert run(f"{BIN}/fetch", f"{base}/a.txt").stdout == b"hello\n"
    assert run(f"{BIN}/fetch", "-q", f"{base}/i", "-O", f"{tmp_path}/o").returncode == 0
    assert (tmp_path / "o").read_bytes() == b"<p>index\n"
    assert run(f"{BIN}/fetch", f"http://localhost:{port}/big").stdout == \
        (root / "big").read_bytes()
    assert run(f"{BIN}/fetch", f"{base}/none").returncode == 8
    assert run(f"{BIN}/fetch", f"http://127.0.0.1:{free_port()}/").returncode == 1
    for url in "ftp://x/", "http://[::1/", "http://[::1]80/":
        assert run(f"{BIN}/fetch", url).returncode == 2


@pytest.mark.parametrize("answer, output, status", [
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", b"hello world", 0),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", b"hel", 1),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", b"short", 1),
    (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end", 0),
    (b"nonsense", b"", 1), (b"", b"", 1),
])
def test_fetch_framing(answer, output, status):
    """The body's end is found by chunks, by length, or by the connection's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = subprocess.Popen(
            [f"{BIN}/fetch", "-q", f"http://127.0.0.1:{server.getsockname()[1]}/"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4096).startswith(b"GET / HTTP/1.1\r\nHost: ")
            connection.sendall(answer)
        assert client.communicate(timeout=10)[0] == output
        assert client.returncode == status


@pytest.fixture(scope="module")
def echo():
    port = free_port()
    server = start_server(f"{BIN}/echod", "-p", str(port), port=port)
    yield port
    assert server.poll() is None, "echod died"
    server.kill()
    server.wait()


def test_echod_tcp(echo):
    """All bytes come back, also after the client has closed its direction."""
    data = os.urandom(3_000_000)
    with socket.create_connection(("127.0.0.1", echo)) as s:
        s.setblocking(False)
        sent, got = 0, b""
        while len(got) < len(data):
            readable, writable, _ = select.select([s], [s] if sent < len(data) else [], [], 5)
            assert readable or writable
            if writable:
                sent += s.send(data[sent:sent + 100000])
                if sent == len(data):
                    s.shutdown(socket.SHUT_WR)
            if readable:
                got += s.recv(100000)
        s.setblocking(True)
        assert got == data and s.recv(1) == b""


def test_echod_back_pressure(echo):
    """It does not take in without end what nobody reads."""
    with socket.create_connection(("127.0.0.1", echo)) as s:
        s.settimeout(1)
        with pytest.raises(socket.timeout):
            for _ in range(100000):
                s.sendall(bytes(65536))
    data = b"others go on"
    assert talk(echo, data) == data


@pytest.mark.parametrize("size", [0, 1, 1472, 1473, 9000, 65507])
def test_echod_udp(echo, size):
    data = os.urandom(size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(data, ("127.0.0.1", echo))
        assert s.recvfrom(65536) == (data, ("127.0.0.1", echo))


def test_nc_client(echo):
    data = os.urandom(1_000_000)
    assert run(f"{BIN}/nc", "127.0.0.1", str(echo), input=data).stdout == data
    assert run(f"{BIN}/nc", "-u", "-w", "0.5", "127.0.0.1", str(echo),
               input=b"hi").stdout == b"hi"
    assert run(f"{BIN}/nc", "-z", "127.0.0.1", str(echo)).returncode == 0
    assert run(f"{BIN}/nc", "-z", "127.0.0.1", str(free_port())).returncode == 1


def test_nc_server(tmp_path):
    """nc -l hands over a file whole, and with -k serves the next client."""
    data, port = os.urandom(2_000_000), free_port()
    (tmp_path / "f").write_bytes(data)
    with open(tmp_path / "f", "rb") as file:
        server = subprocess.Popen([f"{BIN}/nc", "-l", str(port)], stdin=file)
    for _ in range(100):
        client = run(f"{BIN}/nc", "127.0.0.1", str(port), input=b"")
        if client.returncode == 0:
            break
        time.sleep(0.05)
    assert hashlib.sha256(client.stdout).digest() == hashlib.sha256(data).digest()
    assert server.wait(5) == 0

    server = start_server(f"{BIN}/nc", "-lk", "-p", str(port), port=port,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    for text in (b"one", b"two"):
        run(f"{BIN}/nc", "127.0.0.1", str(port), input=text)
    assert server.stdout.read(6) == b"onetwo"
    server.kill()
    server.wait()


def test_nc_udp_server():
    port = free_port()
    server = subprocess.Popen([f"{BIN}/nc", "-lu", "-w", "1", str(port)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(100):
            s.sendto(b"datagram", ("127.0.0.1", port))
            if select.select([server.stdout], [], [], 0.05)[0]:
                break
        assert server.stdout.read(8) == b"datagram"
    assert server.wait(5) == 0


def test_nc_and_ss_unix(tmp_path):
    """nc -U both ways, streams and datagrams; ss -x shows the names."""
    # What fits into the pipe that is read when the client has ended.
    path, data = str(tmp_path / "a socket"), os.urandom(50_000)
    server = subprocess.Popen([f"{BIN}/nc", "-lU", path], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    for _ in range(100):
        listed = run(f"{BIN}/ss", "-xlp").stdout
        if path.encode() in listed:
            break
        time.sleep(0.05)
    assert re.search(rb"u_str +LISTEN .* %s +\d+ pid=%d,fd=" % (
        re.escape(path.encode()), server.pid), listed)
    server.stdin.write(b"from the server")
    server.stdin.close()
    assert run(f"{BIN}/nc", "-U", path, input=data).stdout == b"from the server"
    assert server.stdout.read() == data
    assert server.wait(5) == 0
    assert run(f"{BIN}/nc", "-U", path).returncode == 1  # nobody is there now

    path = str(tmp_path / "datagrams")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(5)
        client = subprocess.Popen([f"{BIN}/nc", "-uU", "-w", "0.5", path],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        client.stdin.write(b"question")
        client.stdin.flush()
        question, name = s.recvfrom(100)
        assert question == b"question"
        s.sendto(b"answer", name)
        assert client.communicate()[0] == b"answer"


def test_ss_and_ip(echo):
    """They read this machine's /proc/net as they will the guest's."""
    assert re.search(rb"tcp +LISTEN .*(\*|\[::\]):%d .* pid=\d+,fd=\d+" % echo,
                     run(f"{BIN}/ss", "-ltp").stdout)
    assert re.search(rb"udp +UNCONN .*(\*|\[::\]):%d " % echo,
                     run(f"{BIN}/ss", "-lu").stdout)
    with socket.create_connection(("127.0.0.1", echo)):
        assert re.search(rb"tcp +ESTAB .*127.0.0.1\]?:%d " % echo,
                         run(f"{BIN}/ss", "-tn").stdout)
    addresses = run(f"{BIN}/ip", "addr").stdout
    assert b"lo: <LOOPBACK,UP" in addresses and b"inet 127.0.0.1/8" in addresses
    assert b"RX " in run(f"{BIN}/ip", "link").stdout
    assert run(f"{BIN}/ip", "route").returncode == 0
    assert run(f"{BIN}/ip", "neigh").returncode == 0
    assert run(f"{BIN}/ip", "nonsense").returncode == 2
