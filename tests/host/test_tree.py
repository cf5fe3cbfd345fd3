# SPDX-License-Identifier: MIT
"""The tree itself: the reader's path stays short, `make lint` is content, the
tools say what they find."""

import os
import re
import shutil
import subprocess

import pytest

from guest import BUILD, TREE

READING = os.path.join(TREE, "docs/reading.md")
PATH_LINES = 8000


def sources_of_the_path():
    with open(READING) as chapter:
        names = re.findall(r"`([\w./-]+\.(?:c|h|S))`", chapter.read())
    return list(dict.fromkeys(names))


def lines(name):
    with open(os.path.join(TREE, name)) as file:
        return sum(1 for _ in file)


def test_readers_path_is_short():
    names = sources_of_the_path()
    assert len(names) > 30
    missing = [name for name in names if not os.path.exists(os.path.join(TREE, name))]
    assert not missing
    total = sum(lines(name) for name in names)
    print(f"{total} lines in {len(names)} files")
    assert total < PATH_LINES


def test_readers_path_passes_every_floor():
    """From the first instruction down to the ring, each subsystem by its main file."""
    names = sources_of_the_path()
    stations = ["kernel/riscv/entry.S", "kernel/riscv/trap_entry.S", "kernel/mm/page.c",
                "kernel/mm/fault.c", "kernel/proc/sched.c",
                "kernel/include/syscall/table.h", "kernel/fs/descriptor.c",
                "kernel/syscall/socket.c", "net/include/net/socket.h", "net/socket.c",
                "net/udp/udp.c", "net/tcp/tcp.c", "net/tcp/send.c", "net/tcp/recv.c",
                "net/server.c", "net/netif.c", "drivers/virtio/virtqueue.c",
                "drivers/virtio-net/tx.c", "drivers/virtio-net/rx.c"]
    assert [name for name in names if name in stations] == stations


def test_readme_tables():
    """README's tables of calls, families and options are those of the kernel."""
    done = tool("tools/tables", "--check", os.path.join(BUILD, "wharf"))
    assert done.returncode == 0, done.stdout + done.stderr


def tool(*command):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=TREE, capture_output=True, text=True, timeout=300,
                          env=environment)


def test_doctor():
    done = tool("make", "-s", f"B={BUILD}", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("gcc-riscv64-unknown-elf", "qemu", "lwip", "musl", "gdb-multiarch"):
        assert word in done.stdout.lower()


def test_doctor_says_what_is_missing():
    done = tool("make", "-s", f"B={BUILD}", "doctor", "QEMU=/no/such/qemu")
    assert done.returncode != 0
    assert "MISSING" in done.stdout and "/no/such/qemu" in done.stdout


def test_help_lists_the_targets():
    output = tool("make", "-s", "help").stdout
    for target in ("qemu", "test", "run", "gdb", "lint", "doctor", "soak", "clean"):
        assert re.search(rf"^ *{target}\b", output, re.M), target


def test_qemu_command_is_shown():
    done = tool("tools/qemu", "--print")
    assert done.returncode == 0
    assert "-machine virt" in done.stdout and "127.0.0.1" in done.stdout


def test_old_qemu_is_refused(tmp_path):
    fake = tmp_path / "qemu"
    fake.write_text("#!/bin/sh\necho 'QEMU emulator version 6.2.0'\n")
    fake.chmod(0o755)
    done = subprocess.run([os.path.join(TREE, "tools/qemu")], env=dict(os.environ, QEMU=fake),
                          capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and "6.2" in done.stderr


@pytest.mark.skipif(not shutil.which("cppcheck"), reason="cppcheck is not installed")
def test_lint():
    done = tool("make", "-s", f"B={BUILD}", "lint")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
