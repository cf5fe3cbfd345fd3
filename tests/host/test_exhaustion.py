# SPDX-License-Identifier: MIT
"""Sockets with full buffers take all the memory that there is: calls fail, the
kernel goes on, and what they took comes back."""

import re

from guest import USERTESTS, wait_until

SLACK_KB = 256


def free_memory(guest):
    return int(re.search(r"MemFree: +(\d+) kB", guest.read("/proc/meminfo")).group(1))


def sockets(guest):
    return int(re.search(r"sockets: used (\d+)", guest.read("/proc/net/sockstat")).group(1))


def test_sockets_take_all_memory(boot):
    guest = boot(settings={"MEM": "64M"}).login()
    guest.wait_for_services()
    memory, number = free_memory(guest), sockets(guest)
    done = guest.check(f"{USERTESTS} --helper exhaust 3", 120)
    assert done.count("failures, such as") == 3
    wait_until(lambda: sockets(guest) == number, 20, "all sockets are gone")
    wait_until(lambda: free_memory(guest) > memory - SLACK_KB, 20, "memory comes back")
