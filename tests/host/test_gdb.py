# SPDX-License-Identifier: MIT
"""GDB on the kernel, in batch: a system call's argument, the way back to the
trap, and the helpers that know Wharf's structures."""

import os
import re
import subprocess

import pytest

from guest import KERNEL, TREE, die_with_parent, free_port

GDB_SECONDS = 120


def gdb(port, *commands):
    arguments = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(
        [os.path.join(TREE, "tools/gdb"), "-batch", *arguments],
        env=dict(os.environ, GDB_PORT=str(port), KERNEL=KERNEL),
        capture_output=True, text=True, timeout=GDB_SECONDS, stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent)
    print(done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def stopped(boot):
    """A guest that waits for the debugger before its first instruction."""
    port = free_port()
    guest = boot(settings={"GDB": "1", "GDB_PORT": str(port)})
    return guest, port


def test_sys_bind(stopped):
    """httpd's bind: port 80 of any address, seen in the user's memory."""
    _, port = stopped
    output = gdb(port, "break sys_bind", "continue", "info args",
                 "wharf user x/8xb $a1", "backtrace")
    assert re.search(r"hit Breakpoint 1.*sys_bind", output)
    data = re.search(r"^0x[0-9a-f]+[^:]*:((?:\s+0x[0-9a-f]{2}){8})", output, re.M)
    assert data, "the user's memory cannot be read"
    values = [int(word, 16) for word in data.group(1).split()]
    assert values[:2] == [10, 0], "AF_INET6"
    assert values[2:4] in ([0, 80], [0, 7]), "the port, in network byte order"
    frames = re.findall(r"^#\d+ .*", output, re.M)
    assert len(frames) >= 3
    assert "trap" in frames[-1] or "trap" in frames[-2], "not down to the trap"


@pytest.fixture
def running(boot):
    """A guest at its prompt, with a debugger's port."""
    port = free_port()
    guest = boot(arguments=["-gdb", f"tcp:127.0.0.1:{port}"]).login()
    return guest, port


def test_helpers(running):
    guest, port = running
    output = gdb(port, "wharf ps", "wharf sockets", "wharf pcbs", "wharf virtq")
    assert re.search(r"\binit\b", output) and re.search(r"\bhttpd\b", output)
    assert re.search(r"\b80\b.*", output)
    assert re.search(r"listen", output, re.I)
    assert "Python Exception" not in output and "Error" not in output
    assert guest.run("true").status == 0  # it goes on after the debugger left


def test_lwip_has_symbols(stopped):
    _, port = stopped
    output = gdb(port, "break tcp_input", "info line tcp_input")
    assert re.search(r"tcp_in\.c", output)
