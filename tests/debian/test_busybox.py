# SPDX-License-Identifier: MIT
"""BusyBox as Debian builds it (static), and bash with GNU's tools: what they put
out, not that they start."""

import urllib.request

import pytest

PACKAGES = "busybox-static bash coreutils diffutils findutils grep sed gawk tar gzip procps"
FORWARD = ("tcp:8000",)

BUSYBOX = [
    ("busybox ls -lR /etc | grep -c ' passwd$'", "1"),
    ("busybox find /etc -name 'host*' | busybox sort | head -1", "/etc/host.conf"),
    ("printf 'b 2\\na 1\\nc 3\\n' | busybox sort | busybox awk '{ s += $2 } END { print s, $1 }'",
     "6 c"),
    ("echo wharf | busybox sed 's/wh/sc/;s/$/!/'", "scarf!"),
    ("echo wharf | busybox grep -c 'w.*f$'", "1"),
    ("mkdir -p /tmp/t/a; echo inside > /tmp/t/a/b; busybox tar -C /tmp -czf /tmp/t.tgz t; "
     "rm -r /tmp/t; busybox tar -C /tmp -xzf /tmp/t.tgz; cat /tmp/t/a/b", "inside"),
    ("busybox sh -c 'for i in 1 2 3; do echo $((i * i)); done | tail -1'", "9"),
    ("busybox top -b -n 1 | busybox awk 'NR == 1 { print $1 }'", "Mem:"),
    ("busybox ps | busybox grep -c '[b]usybox ps'", "1"),
    ("busybox md5sum < /dev/null", "d41d8cd98f00b204e9800998ecf8427e  -"),
    ("busybox vi -h 2>&1 | head -1 | cut -c1-7", "BusyBox"),
    ("busybox wget -q -O - http://127.0.0.1/ | head -1", "<!DOCTYPE html>"),
    ("(echo 'HEAD / HTTP/1.0'; echo; sleep 1) | busybox nc 127.0.0.1 80 | head -1 | cut -c1-12",
     "HTTP/1.1 200"),
    ("busybox ip addr show lo | grep -c 'inet 127.0.0.1/8'", "1"),
    ("busybox ifconfig eth0 | grep -c 'inet addr:10.0.2.15'", "1"),
    ("busybox route -n | awk '$1 == \"0.0.0.0\" { print $2 }'", "10.0.2.2"),
]

BASH = [
    ("bash -c 'a=(1 2 3); echo ${a[@]: -2} ${#a[@]}'", "2 3 3"),
    ("bash -c 'sleep 30 & kill %1; wait %1; echo $?'", "143"),
    ("bash -c 'set -m; sleep 30 & jobs -p | wc -l; kill %1'", "1"),
    ("bash -c 'diff <(echo a) <(echo b) > /dev/null; echo $?; read -t 0.1 x < /dev/zero; echo $?'",
     "1\n142"),
    ("bash -c 'exec 3<>/dev/tcp/127.0.0.1/7; echo back >&3; read -u 3 x; echo $x'", "back"),
    ("seq 100000 | sort -rn | head -1", "100000"),
    ("find /usr/bin -name 'seq' -exec basename {} +", "seq"),
    ("seq 10 | gawk '{ s += $1 } END { printf \"%.2f\\n\", s / 3 }'", "18.33"),
    ("dd if=/dev/zero bs=1M count=8 status=none | sha256sum | cut -c1-8", "2daeb1f3"),
    ("stat -c '%a %F' /tmp", "1777 directory"),
    ("ps -o pid= -p 1 | tr -d ' '", "1"),
    ("touch -d '2001-02-03 04:05:06 UTC' /tmp/x; date -u -r /tmp/x +%s", "981173106"),
    ("timeout 0.3 sleep 5; echo $?", "124"),
    ("env -i FOO=bar env", "FOO=bar"),
    ("ln -s /etc/passwd /tmp/l; readlink -f /tmp/l", "/etc/passwd"),
    ("nproc", "2"),
    ("df -P / | tail -1 | awk '{ print $6 }'", "/"),
    ("tar -C /etc -cf - hosts | tar -tf -", "hosts"),
]


def lines(output):
    """Without what the kernel says on the console meanwhile."""
    return "\n".join(line for line in output.splitlines() if not line.startswith("[ "))


@pytest.mark.parametrize("command, wanted", BUSYBOX + BASH)
def test_output(guest, command, wanted):
    assert lines(guest.run(command).output) == wanted


def test_busybox_httpd_serves_the_host(guest):
    guest.check("mkdir -p /tmp/www && echo served > /tmp/www/page && "
                "busybox httpd -p 8000 -h /tmp/www")
    host, port = guest.address("tcp:8000")
    with urllib.request.urlopen(f"http://{host}:{port}/page", timeout=30) as answer:
        assert answer.read() == b"served\n"


def test_busybox_vi_edits_on_the_terminal(guest):
    guest.start("busybox vi /tmp/edited")
    guest.expect(rb"1/1 100%.*H")  # its screen is drawn
    guest.send("ihello from vi")
    guest.expect(rb"vi")
    guest.send("\x1b")
    guest.expect(rb"1/1|edited")
    guest.send(":wq\n")
    guest.expect(rb"wharf# $")
    assert "hello from vi" in guest.read("/tmp/edited")


def test_bash_has_job_control_on_the_terminal(guest):
    guest.send("PS1='ba''sh> ' bash --norc -i\n")
    guest.expect(rb"bash> $")
    guest.send("sleep 100\n")
    guest.expect(rb"sleep 100\r\n")
    guest.send("\x1a")
    guest.expect(rb"Stopped.*bash> $", 20)
    guest.send("fg\n")
    guest.expect(rb"sleep 100\r\n")
    guest.send("\x03")
    guest.expect(rb"bash> $", 20)
    guest.send("exit\n")
    guest.expect(rb"wharf# $")
