# SPDX-License-Identifier: MIT
"""Data of a server on a disk outlasts the machine."""

import subprocess

from conftest import boot_options
from guest import wait_until

PACKAGES = "redis-server sqlite3"


def start(boot_once, disk):
    options = boot_options(PACKAGES)
    options["settings"]["DISK"] = disk
    guest = boot_once(forward=(), **options).login()
    guest.check("mkdir -p /disk/redis && redis-server --dir /disk/redis --appendonly yes "
                "--daemonize yes > /dev/null")
    wait_until(lambda: guest.run("redis-cli ping").output.endswith("PONG\n"), 30, "redis answers")
    return guest


def test_redis_and_sqlite_on_a_disk(boot_once, tmp_path):
    disk = str(tmp_path / "disk.img")
    guest = start(boot_once, disk)
    assert guest.check("redis-cli set kept 1234").endswith("OK\n")
    guest.check("sqlite3 /disk/data.db 'create table t(a); insert into t values(77);'")
    guest.check("redis-cli shutdown save 2> /dev/null; true")
    assert guest.power_off() == 0
    subprocess.run(["/usr/sbin/e2fsck", "-fn", disk], check=True, capture_output=True)
    guest = start(boot_once, disk)
    assert guest.check("redis-cli get kept").splitlines()[-1] in ("1234", '"1234"')
    assert guest.check("sqlite3 /disk/data.db 'select a from t;'").splitlines()[-1] == "77"
    assert guest.power_off() == 0
