# SPDX-License-Identifier: MIT
"""Servers from Debian, asked from the host: nginx with TLS, redis, dropbear with a
shell on a pseudo-terminal, iperf3."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import urllib.request

import pytest

from guest import wait_until

PACKAGES = "nginx openssl redis-server dropbear-bin openssh-sftp-server iperf3 bash coreutils procps"
FORWARD = ("tcp:8080", "tcp:8443", "tcp:6379", "tcp:22", "tcp:5201")

NGINX = """user root; worker_processes 3; error_log /tmp/nginx.log; pid /tmp/nginx.pid;
events { }
http { access_log off; sendfile on; keepalive_timeout 30;
server { listen 8080; listen 8443 ssl; ssl_certificate /tmp/cert.pem;
ssl_certificate_key /tmp/key.pem; root /usr/bin; location = /hello { return 200 hello; } } }"""


def answers(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False


def run(*command, **options):
    return subprocess.run(command, capture_output=True, timeout=120, **options)


# ---- nginx ----

@pytest.fixture(scope="module")
def nginx(guest):
    for line in NGINX.splitlines():
        guest.check(f"echo '{line}' >> /tmp/nginx.conf")
    guest.check("openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/key.pem -out "
                "/tmp/cert.pem -days 2 -subj /CN=wharf 2> /dev/null", timeout=120)
    guest.check("mkdir -p /var/log/nginx /var/lib/nginx && nginx -c /tmp/nginx.conf")
    wait_until(lambda: guest.run("pgrep -c nginx").output.strip().endswith("4"), 30,
               "nginx has its workers")
    return guest


def test_nginx_answers(nginx):
    host, port = nginx.address("tcp:8080")
    for _ in range(20):
        with urllib.request.urlopen(f"http://{host}:{port}/hello", timeout=30) as answer:
            assert answer.read() == b"hello"


def test_nginx_keeps_connections(nginx):
    host, port = nginx.address("tcp:8080")
    url = f"http://{host}:{port}/hello"
    done = run("curl", "-s", "-o", "/dev/null", "-w", "%{num_connects}\n", *[url] * 1, "--next",
               "-s", "-w", "%{num_connects}", url)
    assert done.stdout.split() == [b"1", b"hello0"]


def test_nginx_sends_files(nginx):
    host, port = nginx.address("tcp:8080")
    wanted = nginx.check("sha256sum /usr/bin/bash").split()[0]
    with urllib.request.urlopen(f"http://{host}:{port}/bash", timeout=60) as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == wanted


def test_nginx_speaks_tls(nginx):
    host, port = nginx.address("tcp:8443")
    done = run("curl", "-sk", f"https://{host}:{port}/hello", "-w", "%{ssl_verify_result}")
    assert done.stdout.startswith(b"hello")


# ---- redis ----

def redis(address, *words):
    """One command, and its answer as redis sends it."""
    with socket.create_connection(address, 30) as connection:
        request = b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(w), w) for w in (str(word).encode() for word in words))
        connection.sendall(request)
        return connection.recv(1 << 16)


def test_redis(guest):
    guest.check("mkdir -p /tmp/redis && redis-server --dir /tmp/redis --save '' "
                "--protected-mode no --daemonize yes > /dev/null")
    address = guest.address("tcp:6379")
    wait_until(lambda: guest.run("redis-cli ping").output.endswith("PONG\n"), 30, "redis answers")
    assert redis(address, "SET", "key", "value") == b"+OK\r\n"
    assert redis(address, "GET", "key") == b"$5\r\nvalue\r\n"
    assert redis(address, "INCRBY", "n", 41) == b":41\r\n"
    said = guest.check("redis-benchmark -q -n 2000 -c 20 -t set,get", timeout=120)
    assert said.count("requests per second") == 2
    # A snapshot is written by a forked child.
    guest.check("redis-cli save")
    assert int(guest.check("stat -c %s /tmp/redis/dump.rdb")) > 80


# ---- dropbear ----

@pytest.fixture(scope="module")
def ssh(guest, tmp_path_factory):
    if not shutil.which("ssh"):
        pytest.fail("ssh is missing; tools/setup test installs it")
    key = str(tmp_path_factory.mktemp("ssh") / "key")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, check=True)
    with open(key + ".pub") as public:
        guest.check("mkdir -p /root/.ssh /etc/dropbear && chmod 700 /root /root/.ssh && "
                    f"echo '{public.read().strip()}' > /root/.ssh/authorized_keys")
    guest.check("dropbearkey -t ed25519 -f /etc/dropbear/key > /dev/null 2>&1 && "
                "dropbear -r /etc/dropbear/key -p 22", timeout=120)
    host, port = guest.address("tcp:22")
    options = ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
               "-o", "LogLevel=ERROR"]

    def call(*arguments, **more):
        return run("ssh", *options, "-p", str(port), *arguments[:-1], f"root@{host}",
                   arguments[-1], **more)
    call.start = lambda *arguments: subprocess.Popen(
        ["ssh", *options, "-p", str(port), *arguments[:-1], f"root@{host}", arguments[-1]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    call.options = [*options, "-P", str(port)]
    call.host = f"root@{host}"
    return call


def test_ssh_runs_a_command(ssh):
    done = ssh("uname -m; exit 7")
    assert (done.stdout, done.returncode) == (b"riscv64\n", 7), done.stderr


def test_ssh_gives_a_terminal(ssh):
    # An end of input would be the end of the session.
    client = ssh.start("-tt", "tty; stty size; ps -o tty= -p $$; read x; echo got $x")
    assert client.stdout.readline().startswith(b"/dev/pts/")
    client.stdin.write(b"typed\n")
    client.stdin.flush()
    said = client.stdout.read()
    client.stdin.close()
    assert client.wait(30) == 0
    assert b"pts/" in said and said.endswith(b"got typed\r\n"), said


def test_ssh_pipes_through(ssh):
    data = os.urandom(300000)
    done = ssh("cat", input=data)
    assert done.stdout == data


def test_scp_both_ways(ssh, guest, tmp_path):
    """64 MiB in, the checksum compared, and out again."""
    data = os.urandom(1 << 20) * int(os.environ.get("SCP_MIB", "64"))
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(data)
    done = run("scp", *ssh.options, str(source), f"{ssh.host}:/tmp/copy")
    assert done.returncode == 0, done.stderr
    said = guest.check("sha256sum /tmp/copy", timeout=120)
    assert said.split()[0] == hashlib.sha256(data).hexdigest()
    done = run("scp", *ssh.options, f"{ssh.host}:/tmp/copy", str(back))
    assert done.returncode == 0, done.stderr
    assert back.read_bytes() == data
    guest.check("rm /tmp/copy")


# ---- iperf3 ----

@pytest.mark.parametrize("arguments", [(), ("-R",), ("-u", "-b", "20M")])
def test_iperf3(guest, arguments):
    guest.check("iperf3 -s -1 -D")
    host, port = guest.address("tcp:5201")
    wait_until(lambda: ":5201 " in guest.run("ss -ltn").output, 30, "iperf3 listens")
    if "-u" in arguments:
        pytest.skip("QEMU's forwarding is by TCP here; the guest is asked by itself")
    done = run("iperf3", "-c", host, "-p", str(port), "-t", "2", "-J", *arguments)
    result = json.loads(done.stdout)
    assert "error" not in result, result["error"]
    assert result["end"]["sum_received"]["bytes"] > 1 << 20
