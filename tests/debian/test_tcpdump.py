# SPDX-License-Identifier: MIT
"""Debian's tcpdump, which reads its packets from a ring of AF_PACKET and gives the
kernel a filter made by libpcap."""

import re

import pytest

PACKAGES = "tcpdump netcat-openbsd busybox"
SYN = r"IP 10\.0\.2\.15\.\d+ > 10\.0\.2\.2\.81: Flags \[S\]"
RESET = r"IP 10\.0\.2\.2\.81 > 10\.0\.2\.15\.\d+: Flags \[R\.\]"


def dump(guest, arguments, stimulus):
    """What tcpdump prints of what the stimulus causes; it listens before that."""
    guest.start(f"tcpdump -Z root -nn {arguments} > /tmp/out &")
    guest.expect("listening on ")
    guest.run(f"{stimulus}; wait")
    return guest.read("/tmp/out")


def connect(port, address="10.0.2.2"):
    return f"nc -z {address} {port}"


def test_a_filter_chooses(guest):
    lines = dump(guest, "-i eth0 -c 2 'icmp or tcp port 81'",
                 f"{connect(82)}; {connect(81)}")
    assert re.search(SYN, lines) and re.search(RESET, lines)
    assert ".82" not in lines


def test_a_file_is_written_and_read(guest):
    dump(guest, "-i eth0 -c 2 -w /tmp/pcap tcp port 81", connect(81))
    lines = guest.check("tcpdump -Z root -nn -r /tmp/pcap")
    assert re.search(SYN, lines) and re.search(RESET, lines)


@pytest.mark.parametrize("interface", ["lo", "any"])
def test_other_interfaces(guest, interface):
    lines = dump(guest, f"-i {interface} -c 2 tcp port 83", connect(83, "127.0.0.1"))
    assert re.search(r"IP 127\.0\.0\.1\.\d+ > 127\.0\.0\.1\.83: Flags \[S\]", lines)


def test_interfaces_are_listed(guest):
    lines = guest.check("tcpdump -D")
    assert re.search(r"eth0 \[Up, Running", lines)
    assert re.search(r"lo \[Up, Running, Loopback", lines)
