# SPDX-License-Identifier: MIT
"""Booting: machines of every shape, boot arguments, archives that others made,
the ways to end, and what an idle guest costs."""

import os
import re
import shutil
import subprocess
import time
import urllib.request

import pytest

import newc
from guest import (BUILD, INITRD, KERNEL, TREE, USERTESTS, GuestError,
                   die_with_parent)

IDLE_LIMIT = 0.03  # of a host processor
IDLE_SECONDS = 10


def page(guest, path="/"):
    guest.wait_for_services()
    host, port = guest.address("tcp:80")
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=20) as answer:
        return answer.read()


def check_machine(guest, harts):
    """What every boot must come to."""
    guest.login()
    assert len(re.findall(r"CPU\d+", guest.read("/proc/interrupts"))) == harts
    assert "10.0.2.15" in guest.check("ip addr")
    assert b"Wharf" in page(guest)
    assert guest.run("true").status == 0
    assert guest.power_off() == 0


@pytest.mark.parametrize("virtio", ["legacy", "modern"])
@pytest.mark.parametrize("harts", [1, 2, 4])
def test_machine(boot, harts, virtio):
    check_machine(boot(settings={"CPUS": str(harts), "VIRTIO": virtio}), harts)


def test_little_memory(boot):
    guest = boot(settings={"MEM": "64M"}).login()
    total = int(re.search(r"MemTotal: +(\d+) kB", guest.read("/proc/meminfo")).group(1))
    assert 32 << 10 < total <= 64 << 10
    assert b"Wharf" in page(guest)


def test_much_memory(boot):
    guest = boot(settings={"MEM": "3G"}).login()
    total = int(re.search(r"MemTotal: +(\d+) kB", guest.read("/proc/meminfo")).group(1))
    assert 2900 << 10 < total <= 3072 << 10


def test_without_network_device(boot):
    guest = boot(settings={"NET": "none"}).login()
    devices = guest.read("/proc/net/dev")
    assert "lo:" in devices and "eth0:" not in devices
    guest.check(f"{USERTESTS} connect/blocking send_recv_udp/boundaries")
    assert "Wharf" in guest.check("fetch -q http://127.0.0.1/")
    assert guest.power_off() == 0


def test_network_unreachable_without_device(boot):
    guest = boot(settings={"NET": "none"}).login()
    probe = guest.check(f"{USERTESTS} --helper probe tcp connect 10.0.2.2 80")
    assert "connect: ENETUNREACH" in probe


def test_static_address(boot):
    guest = boot(append="quiet panic=exit ip=10.0.2.15/24,10.0.2.2").login()
    assert re.search(r"10\.0\.2\.15/24", guest.check("ip addr"))
    assert re.search(r"^eth0\t00000000\t0202000A\t0003", guest.read("/proc/net/route"), re.M)
    assert b"Wharf" in page(guest)
    with open(os.path.join(guest.folder, "net.pcap"), "rb") as packets:
        assert b"\x63\x82\x53\x63" not in packets.read(), "DHCP's magic cookie was sent"


def test_another_static_address(boot):
    guest = boot(append="quiet panic=exit ip=10.0.2.77/24,10.0.2.2", forward=()).login()
    assert "10.0.2.77/24" in guest.check("ip addr")


def hand_typed(initrd, append):
    """What a person types who does not use our tools."""
    return ["qemu-system-riscv64", "-machine", "virt", "-nographic", "-kernel", KERNEL,
            "-initrd", initrd, "-append", append, "-netdev", "user,id=n",
            "-device", "virtio-net-device,netdev=n"]


def program(name):
    with open(os.path.join(BUILD, "rootfs/bin", name), "rb") as file:
        return file.read()


def foreign_initrd(tmp_path, files):
    path = tmp_path / "theirs.cpio"
    path.write_bytes(newc.archive(files))
    return str(path)


def test_foreign_archive_by_hand(boot, tmp_path):
    initrd = foreign_initrd(tmp_path, {"init": program("uname")})
    guest = boot(command=hand_typed(initrd, "quiet -- -s -m"))
    guest.expect(r"\S+ riscv64\r?\n")
    assert guest.wait() == 0


def test_rdinit_by_hand(boot, tmp_path):
    initrd = foreign_initrd(tmp_path, {"opt": None, "opt/start": program("false"),
                                       "init": program("true")})
    guest = boot(command=hand_typed(initrd, "quiet rdinit=/opt/start"))
    assert guest.wait() == 1


def test_foreign_archive_without_dev(boot, tmp_path):
    """The console is there although the archive has no /dev or /proc."""
    initrd = foreign_initrd(tmp_path, {"init": program("sh"), "bin": None,
                                       "bin/cat": program("cat")})
    guest = boot(command=hand_typed(initrd, "quiet"))
    guest.expect(r"# $", 60)
    guest.send("exit 5\n")
    assert guest.wait() == 5


def test_arguments_for_init(boot):
    guest = boot(append="quiet panic=exit rdinit=/bin/seq -- 3 5")
    guest.expect(r"3\r?\n4\r?\n5\r?\n", 60)
    assert guest.wait() == 0


def test_exit_status(boot):
    assert boot(append="quiet rdinit=/bin/false").wait(60) == 1


def test_panic_exits_with_failure(boot):
    guest = boot(append="panic=exit rdinit=/no/such/program")
    guest.expect(r"/no/such/program", 60)
    assert guest.wait() != 0
    console = guest.tail()
    assert "panic" in console
    assert re.search(r"hart \d", console), "no hart"
    assert re.search(r"\bsp [0-9a-f]{16}", console), "no registers"
    assert re.search(r"init_run\+", console), "the backtrace has no symbols"
    assert re.search(r"task \S+/\d+", console), "no task"


def test_panic_without_exit_stays(boot):
    guest = boot(append="rdinit=/no/such/program")
    guest.expect(r"/no/such/program", 60)
    with pytest.raises(GuestError):
        guest.wait(2)


def test_reboot(boot):
    guest = boot(append="panic=exit").login()
    guest.send("reboot\n")
    guest.expect(r"OpenSBI", 60)
    guest.login()


def test_standard_input_closed(tmp_path):
    """tools/qemu with no standard input at all still boots."""
    environment = dict(os.environ, KERNEL=KERNEL, INITRD=INITRD, HOSTFWD="none",
                       APPEND="quiet rdinit=/bin/uname")
    done = subprocess.run(f"exec {TREE}/tools/qemu <&-", shell=True, env=environment,
                          capture_output=True, timeout=60, preexec_fn=die_with_parent)
    assert done.returncode == 0, done.stderr
    assert b"\n" in done.stdout


def test_standard_input_is_a_file(boot, tmp_path):
    """Commands may come from a file: not a terminal, and it ends."""
    script = tmp_path / "script"
    script.write_text("echo from-''the-file\npoweroff\n")
    with open(script, "rb") as stdin:
        guest = boot(stdin=stdin)
        guest.expect(r"from-the-file", 60)
        assert guest.wait() == 0


def test_pcap_is_written(boot):
    guest = boot().login()
    page(guest)
    guest.power_off()
    with open(os.path.join(guest.folder, "net.pcap"), "rb") as packets:
        data = packets.read()
    assert data[:4] == b"\xd4\xc3\xb2\xa1" and b"HTTP/1.1 200" in data


def test_idle_costs_nothing(boot):
    guest = boot(settings={"CPUS": "2"}).login()
    guest.run("sleep 1")
    before, start = guest.processor_seconds(), time.monotonic()
    time.sleep(IDLE_SECONDS)  # the measurement itself
    share = (guest.processor_seconds() - before) / (time.monotonic() - start)
    print(f"an idle guest uses {share:.2%} of a processor")
    assert share < IDLE_LIMIT


def test_instructions_of_a_boot():
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", f"B={BUILD}", "insn-count"], cwd=TREE,
                          env=environment, capture_output=True, text=True, timeout=300)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    count = max(int(number.replace(",", ""))
                for number in re.findall(r"\d[\d,]{4,}", done.stdout))
    assert count < 100_000_000


QEMU10 = os.environ.get("QEMU10")


@pytest.mark.skipif(not (QEMU10 and shutil.which(QEMU10)),
                    reason="no QEMU 10 here; QEMU10=/path/to/qemu-system-riscv64 names one")
@pytest.mark.parametrize("virtio", ["legacy", "modern"])
def test_qemu_10(boot, virtio):
    check_machine(boot(settings={"QEMU": QEMU10, "VIRTIO": virtio}), 2)


def test_seed_is_used(boot):
    """Two boots do not repeat each other's random numbers."""
    values = {boot().login().check("head -c 16 /dev/urandom | hexdump") for _ in range(2)}
    assert len(values) == 2
