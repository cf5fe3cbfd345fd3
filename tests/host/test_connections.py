# SPDX-License-Identifier: MIT
"""Twenty thousand established connections in 512 MiB, both ends in the guest:
each has carried data and is watched by epoll, and an idle one costs little."""

import re

from guest import USERTESTS

COUNT = 20000
BYTES_MAX = 3072  # of kernel memory for each end: socket, PCB, file, epoll item


def test_twenty_thousand_connections(boot):
    guest = boot(settings={"MEM": "512M"}).login()
    guest.start(f"{USERTESTS} --helper connections {COUNT}; echo end''=$?")
    found = guest.expect(rb"(\d+) connections, (\d+) bytes for each end", 240)
    print(found.group(0).decode())
    guest.expect(r"end=0\r?\n", 120)
    assert int(found.group(1)) == COUNT
    assert int(found.group(2)) < BYTES_MAX
    # Gone with the process, but for TIME_WAITs within their bound.
    guest.expect(rb"wharf# $")
    tcp = re.search(r"TCP: inuse (\d+) orphan (\d+) tw (\d+)",
                    guest.read("/proc/net/sockstat"))
    bound = int(guest.read("/proc/sys/net/ipv4/tcp_max_tw_buckets"))
    assert int(tcp.group(2)) == 0 and int(tcp.group(3)) <= bound
