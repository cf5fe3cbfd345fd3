# SPDX-License-Identifier: MIT
"""make run: the command's output byte for byte, its status, its time limit."""

import os
import subprocess

import pytest

from guest import BUILD, TREE, die_with_parent

EVERY_BYTE = bytes(range(256)) * 5 + b"\n\r\n\x1e\x1eo0005\x04\x03end without newline"


def make_run(command, **variables):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MAKE", "MFLAGS"))}
    words = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(["make", "-s", "run", f"B={BUILD}", f"CMD={command}", *words],
                          cwd=TREE, env=environment, capture_output=True, timeout=300,
                          stdin=subprocess.DEVNULL)


def run(command, *options, timeout=120, **settings):
    environment = {**os.environ, "KERNEL": os.path.join(BUILD, "wharf"),
                   "INITRD": os.path.join(BUILD, "initrd-tests.cpio"), **settings}
    return subprocess.run(
        [os.path.join(TREE, "tools/run"), "--timeout", "90", "--log", os.devnull, *options,
         "--", command], env=environment, capture_output=True, timeout=timeout,
        stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)


def test_output_and_status_through_make():
    done = make_run("echo out; echo err >&2; exit 37")
    assert done.stdout == b"out\n"
    assert done.returncode == 37
    errors = done.stderr.splitlines()  # among what the build may say
    assert b"err" in errors and b"out" not in errors


def test_success_through_make():
    done = make_run("ls /proc/net")
    assert done.returncode == 0
    assert {b"dev", b"tcp", b"udp", b"arp", b"route", b"snmp", b"sockstat"} \
        <= set(done.stdout.split())


def test_dollars_and_quotes_through_make():
    done = make_run("""x='a  b'; echo "$x" $((6 * 7)) "it's" '$x'""")
    assert done.stdout == b"a  b 42 it's $x\n"


def test_time_limit_through_make():
    done = make_run("echo begun; sleep 1000", TIMEOUT=10)
    assert done.returncode == 124
    assert done.stdout == b"begun\n"


def test_files_through_make(tmp_path):
    data = tmp_path / "data"
    data.write_bytes(EVERY_BYTE)
    done = make_run("cat /srv/data", FILES=f"{data}:/srv/data")
    assert done.stdout == EVERY_BYTE


def test_every_byte_value(tmp_path):
    data = tmp_path / "data"
    data.write_bytes(EVERY_BYTE)
    done = run("cat /data; cat /data >&2", "--file", f"{data}:/data")
    assert done.stdout == EVERY_BYTE
    assert done.stderr == EVERY_BYTE


def test_much_output():
    done = run("seq 1 100000")
    assert done.returncode == 0
    assert done.stdout == b"".join(b"%d\n" % i for i in range(1, 100001))


def test_nothing_at_all():
    done = run("true")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("command, status", [("false", 1), ("exit 255", 255),
                                             ("no-such-command", 127),
                                             ("kill -9 $$", 128 + 9)])
def test_status(command, status):
    assert run(command).returncode == status


def test_standard_input_is_empty():
    assert run("cat; echo after").stdout == b"after\n"


def test_no_kernel():
    done = run("true", KERNEL="/no/such/kernel")
    assert done.returncode == 125
