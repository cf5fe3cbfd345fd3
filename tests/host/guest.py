# SPDX-License-Identifier: MIT
"""A guest in QEMU, driven from outside: its console, ports, files and end.

Used by every test of this folder through the fixtures of conftest.py. Nothing
here sleeps for a while and hopes: a thread reads the console, and whoever waits
for something on it is woken by each piece that comes, until a deadline.
"""

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import namedtuple

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("WHARF_BUILD") or os.path.join(TREE, "build"))
KERNEL = os.path.join(BUILD, "wharf")
DEBUG_KERNEL = os.path.join(BUILD, "debug/wharf")
INITRD = os.path.join(BUILD, "initrd.cpio")
TESTS_INITRD = os.path.join(BUILD, "initrd-tests.cpio")
HOST_TESTS = os.path.join(BUILD, "host-tests/usertests")
USERTESTS = "/tests/usertests"
PROMPT = rb"wharf# $"
INTERRUPT, END_OF_FILE = "\x03", "\x04"
BOOT_SECONDS = 60

Result = namedtuple("Result", "status output")


class GuestError(Exception):
    """The guest did not do what a test waited for."""


def free_port(kind=socket.SOCK_STREAM):
    """A port of the host that nobody has right now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """So that no QEMU outlives tests that were killed."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Guest:
    """One QEMU. `folder` gets console.log, stderr.log and net.pcap.

    forward     the guest's ports to be reached, such as "tcp:80"
    settings    for tools/qemu: CPUS, MEM, NET, NETDEV, VIRTIO ...
    command     a whole command line in place of tools/qemu and `arguments`
    """

    def __init__(self, folder, *, kernel=KERNEL, initrd=TESTS_INITRD,
                 append="quiet panic=exit", forward=("tcp:80", "tcp:7", "udp:7"),
                 settings=None, arguments=(), command=None, stdin=subprocess.PIPE):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.ports = {}
        self.console = bytearray()  # what expect() has not consumed
        self.ended = False          # the console has closed
        self.changed = threading.Condition()
        rules = [self._forward(rule) for rule in forward]
        environment = {
            **os.environ, "KERNEL": kernel, "INITRD": initrd, "APPEND": append,
            "HOSTFWD": " ".join(rules) or "none",
            "PCAP": os.path.join(folder, "net.pcap"), **(settings or {})}
        self.command = command or [os.path.join(TREE, "tools/qemu"), *arguments]
        self.log = open(os.path.join(folder, "console.log"), "wb")
        self.errors = open(os.path.join(folder, "stderr.log"), "wb")
        self.process = subprocess.Popen(
            self.command, env=environment, stdin=stdin, stdout=subprocess.PIPE,
            stderr=self.errors, preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=self._read_console, daemon=True)
        self.reader.start()

    def _forward(self, rule):
        kind, guest_port = rule.split(":")
        port = free_port(socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        self.ports[rule] = port
        return f"{kind}:{port}-{guest_port}"

    def _read_console(self):
        while True:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            with self.changed:
                self.console += data
                self.ended = not data
                self.changed.notify_all()
            if not data:
                return
            self.log.write(data)
            self.log.flush()

    def address(self, rule):
        """Where on the host the guest's port is: address("tcp:80")."""
        return "127.0.0.1", self.ports[rule]

    def expect(self, pattern, timeout=30):
        """Wait for a pattern on the console; consumes up to its end."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                found = re.search(pattern, bytes(self.console))
                if found:
                    del self.console[:found.end()]
                    return found
                if self.ended:
                    raise GuestError(f"the guest ended before {pattern}:\n{self.tail()}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise GuestError(f"no {pattern} within {timeout} s:\n{self.tail()}")
                self.changed.wait(left)

    def tail(self):
        """The end of the console, for a message; without the firmware's words."""
        self.log.flush()
        with open(self.log.name, "rb") as log:
            text = log.read().decode(errors="replace")
        return re.split(r"Boot HART MEDELEG.*\n", text)[-1][-3000:]

    def send(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def login(self):
        """Wait for the shell's prompt."""
        self.expect(PROMPT, BOOT_SECONDS)
        return self

    def wait_for_services(self):
        """Wait until what init starts listens: ports 80 and 7, TCP and UDP."""
        wanted = "ss -ltun | grep -cE ':(80|7) '"
        wait_until(lambda: self.run(wanted).output.strip() == "3", BOOT_SECONDS,
                   "httpd and echod listen")
        return self

    def start(self, command):
        """Type a command; its echo is consumed, its output is not."""
        self.send(command + "\n")
        self.expect(rb"\n")

    def interrupt(self, timeout=10):
        """ctrl-C, and the prompt that follows."""
        self.send(INTERRUPT)
        self.expect(rb"(?s)\^C.*wharf# $", timeout)

    def run(self, command, timeout=60):
        """A command's exit status and output, by the console's shell."""
        self.start(command + "; echo end''=$?")
        found = self.expect(rb"(?s)^(.*?)end=(\d+)\r\n", timeout)
        self.expect(PROMPT)
        output = found.group(1).decode(errors="replace").replace("\r\n", "\n")
        return Result(int(found.group(2)), output)

    def check(self, command, timeout=60):
        """The output of a command that must succeed."""
        status, output = self.run(command, timeout)
        assert status == 0, f"{command}: exit status {status}\n{output}"
        return output

    def read(self, path):
        return self.check(f"cat {path}")

    def wait(self, timeout=30):
        """QEMU's exit status."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise GuestError(f"still running after {timeout} s:\n{self.tail()}") from None

    def power_off(self):
        self.send("poweroff\n")
        return self.wait()

    def close(self):
        with contextlib.suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(10)
        self.process.stdout.close()
        self.log.close()
        self.errors.close()

    def processor_seconds(self):
        """What QEMU has used of the host's processors so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, timeout, what, interval=0.2):
    """For states that can only be asked for: ask until the answer is true."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise GuestError(f"not within {timeout} s: {what}")
        time.sleep(interval)
