# SPDX-License-Identifier: MIT
"""A disk (DISK=): files outlast the machine, fsync means it, loss of power and
damage end in errors at worst. e2fsck, which others wrote, judges what the kernel
left on the disk."""

import hashlib
import os
import random
import subprocess
import time

import pytest

from guest import BUILD, INITRD, TREE

os.environ["PATH"] += ":/usr/sbin:/sbin"
BLOCK = 4096


@pytest.fixture
def disk(tmp_path):
    """An empty disk of 64 MiB."""
    path = str(tmp_path / "disk.img")
    subprocess.run([f"{TREE}/tools/mkdisk", path, "64M"], check=True)
    return path


def boot_with(boot, disk, **options):
    return boot(initrd=INITRD, settings={"DISK": disk, "NET": "none"}, forward=(),
                **options).login()


def check_clean(disk):
    """e2fsck finds nothing to mend."""
    done = subprocess.run(["e2fsck", "-fn", disk], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def contents(disk, path):
    return subprocess.run(["debugfs", "-R", f"cat {path}", disk], check=True,
                          capture_output=True).stdout


def test_files_outlast_the_machine(boot, disk):
    guest = boot_with(boot, disk)
    guest.check("mkdir -p /disk/a/b && echo one > /disk/a/b/file && ln -s b /disk/a/link")
    guest.check("cp /bin/sh /disk/sh && chmod 700 /disk/sh && mv /disk/sh /disk/a/sh")
    assert guest.power_off() == 0
    check_clean(disk)
    guest = boot_with(boot, disk)
    assert guest.read("/disk/a/link/file") == "one\n"
    guest.check("cmp /bin/sh /disk/a/sh")
    assert guest.check("/disk/a/sh -c 'echo it runs'") == "it runs\n"
    assert guest.check("ls -l /disk/a/sh").startswith("-rwx------")
    assert guest.power_off() == 0


def test_root_on_disk(boot, tmp_path):
    disk = str(tmp_path / "root.img")
    subprocess.run([f"{TREE}/tools/mkdisk", disk, "32M", f"{BUILD}/rootfs"], check=True)
    guest = boot(initrd="/dev/null", append="quiet panic=exit root=/dev/vda",
                 settings={"DISK": disk}).login()
    assert guest.check("grep -c ' / ext2 ' /proc/mounts").strip() == "1"
    guest.wait_for_services()
    guest.check("echo kept > /root/note")
    assert guest.power_off() == 0
    check_clean(disk)
    assert contents(disk, "/root/note") == b"kept\n"


WORK = """
cd /disk
i=0
while [ $i -lt 60 ]; do
    mkdir d$i && cp /bin/ls d$i/program && ln d$i/program d$i/second
    echo text $i > d$i/text
    ln -s ../a/rather/long/target/that/does/not/fit/into/the/inode/itself/$i d$i/link
    i=$((i + 1))
done
i=0
while [ $i -lt 60 ]; do
    mv d$i/text d$((59 - i))/moved && rm d$i/program
    i=$((i + 2))
done
dd if=/dev/zero of=big bs=64k count=300 && rm -r d7 d8 d9
dd if=/dev/zero of=sparse bs=1 count=1 seek=5000000000
"""


def test_much_is_changed(boot, disk):
    guest = boot_with(boot, disk)
    for line in WORK.strip().replace("do\n", "do ").replace("\n    ", "; ").replace(
            "\ndone", "; done").replace("do ;", "do").splitlines():
        guest.check(line, timeout=120)
    guest.check("cmp d5/program d5/second && cmp /bin/ls d5/second")
    assert guest.check("ls | grep -c '^d'").strip() == "57"
    assert guest.check("wc -c < big").strip() == str(300 * 65536)
    assert guest.check("cd / && umount /disk && mount -t ext2 /dev/vda /disk; cat /disk/d1/text"
                       ).strip() == "text 1"
    assert guest.power_off() == 0
    check_clean(disk)
    assert contents(disk, "d59/moved") == b"text 0\n"


def test_full_disk(boot, disk):
    guest = boot_with(boot, disk)
    status, output = guest.run("dd if=/dev/zero of=/disk/big bs=64k", timeout=120)
    assert status != 0 and "No space left" in output
    assert guest.run("echo more > /disk/more; cat /disk/more").output.count("No space left") == 1
    guest.check("rm /disk/big && echo more > /disk/more && cat /disk/more")
    assert guest.power_off() == 0
    check_clean(disk)


def test_file_larger_than_memory(boot, tmp_path):
    disk = str(tmp_path / "large.img")
    subprocess.run([f"{TREE}/tools/mkdisk", disk, "300M"], check=True)
    guest = boot(initrd=INITRD, settings={"DISK": disk, "NET": "none", "MEM": "64M"},
                 forward=()).login()
    guest.check("dd if=/dev/zero of=/disk/large bs=64k count=2400", timeout=240)
    assert guest.check("sha256sum < /disk/large", timeout=240).split()[0] == sha256_of_zeros(
        2400 * 65536)
    assert guest.power_off() == 0
    check_clean(disk)


def sha256_of_zeros(size):
    return hashlib.sha256(bytes(size)).hexdigest()


def test_fsync_means_it(boot, disk):
    guest = boot_with(boot, disk)
    guest.check("dd if=/bin/sh of=/disk/synced conv=fsync && echo here > /disk/note && sync")
    guest.process.kill()
    guest.wait()
    with open(f"{BUILD}/rootfs/bin/sh", "rb") as program:
        assert contents(disk, "synced") == program.read()
    assert contents(disk, "note") == b"here\n"


@pytest.mark.parametrize("seed", range(3))
def test_loss_of_power(boot, disk, seed):
    """Killed in the middle of much work: it boots again as it is, every file can
    be looked at or says EIO, and e2fsck mends the disk."""
    chance = random.Random(seed)
    guest = boot_with(boot, disk)
    guest.start("while true; do for i in 1 2 3 4 5 6 7 8; do rm -rf /disk/$i; mkdir /disk/$i; "
                "cp /bin/* /disk/$i/; echo round; sync; done; done")
    for _ in range(chance.randrange(1, 6)):
        guest.expect("round", 60)
    time.sleep(chance.random() / 4)  # a moment that no event marks
    guest.process.kill()
    guest.wait()
    # Without the repair that tools/qemu would do.
    guest = boot(initrd=INITRD, forward=(), settings={"NET": "none"},
                 arguments=["-drive", f"file={disk},format=raw,if=none,id=d",
                            "-device", "virtio-blk-device,drive=d"]).login()
    guest.run("cat /disk/*/* > /dev/null; rm -rf /disk/1; "
              "echo again > /disk/again; sync", timeout=120)
    assert guest.run("echo alive").output == "alive\n"
    guest.process.kill()
    guest.wait()
    done = subprocess.run(["e2fsck", "-fy", disk], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout
    check_clean(disk)


def damage(disk, chance):
    """Overwrite some words of metadata: the first blocks, or a directory's."""
    with open(disk, "r+b") as file:
        for _ in range(chance.randrange(1, 40)):
            block = chance.choice([0, 1, 2, 3, 4, 5, chance.randrange(6, 600)])
            offset = chance.choice([1024, 0]) + chance.randrange(0, 1024) if block == 0 \
                else chance.randrange(BLOCK - 4)
            file.seek(block * BLOCK + offset)
            file.write(chance.choice([bytes(4), b"\xff" * 4, chance.randbytes(4),
                                      chance.randrange(700).to_bytes(4, "little")]))


@pytest.mark.parametrize("seed", range(6))
def test_damaged_disk(boot, disk, seed):
    """Whatever stands on the disk, the kernel goes on."""
    chance = random.Random(seed)
    tree = f"{BUILD}/rootfs"
    os.unlink(disk)
    subprocess.run([f"{TREE}/tools/mkdisk", disk, "16M", tree], check=True)
    damage(disk, chance)
    guest = boot(initrd=INITRD, forward=(), settings={"NET": "none"},
                 arguments=["-drive", f"file={disk},format=raw,if=none,id=d",
                            "-device", "virtio-blk-device,drive=d"]).login()
    for command in ("ls -lR /disk", "cat /disk/*/* > /dev/null", "mkdir /disk/new",
                    "cp /bin/sh /disk/new/sh", "rm -rf /disk/bin", "mv /disk/etc /disk/new",
                    "dd if=/dev/zero of=/disk/zeros bs=64k count=50", "rm -rf /disk/*", "sync"):
        guest.run(command, timeout=120)
    assert guest.run("echo alive").output == "alive\n"
    assert guest.power_off() == 0


def test_disk_taken_out_of_the_tree(boot, disk):
    guest = boot_with(boot, disk)
    guest.start("sleep 100 < /disk &")
    guest.expect(b"wharf# $")
    status, output = guest.run("umount /disk")
    assert status == 1 and "busy" in output
    guest.check("kill $!; wait; umount /disk")
    assert guest.run("mount -t ext2 /dev/null /disk").status == 1
    guest.check("mount -t ext2 /dev/vda /disk")
    status, output = guest.run("mount -t ext2 /dev/vda /mnt")
    assert status == 1
    assert guest.power_off() == 0
    check_clean(disk)
