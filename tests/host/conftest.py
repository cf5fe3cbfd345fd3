# SPDX-License-Identifier: MIT
"""Fixtures of the tests that drive QEMU. What a failed test's guests left, the
console log and the packets, is kept in build/test-logs/NAME."""

import os
import re
import shutil

import pytest

from guest import BUILD, KERNEL, Guest
from wire import Wire

LOGS = os.path.join(BUILD, "test-logs")


def pytest_configure(config):
    if not os.path.exists(KERNEL):
        raise pytest.UsageError(f"{KERNEL} is missing; `make test` builds it")


class Boots:
    """Boots guests, ends them all, and drops their logs unless a test failed."""

    def __init__(self, name, session):
        self.folder = os.path.join(LOGS, re.sub(r"[^A-Za-z0-9_.-]+", "-", name))
        self.session = session
        self.failed_before = session.testsfailed
        self.guests = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def __call__(self, **options):
        name = str(len(self.guests) + 1)
        guest = Guest(os.path.join(self.folder, name), **options)
        self.guests.append(guest)
        return guest

    def close(self):
        for guest in self.guests:
            guest.close()
        if self.session.testsfailed == self.failed_before:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"\nconsole log and packets: {self.folder}")


def boots(request, name):
    factory = Boots(name, request.session)
    yield factory
    factory.close()


@pytest.fixture
def boot(request):
    """boot(**options) boots a Guest for this test alone."""
    yield from boots(request, f"{request.module.__name__}.{request.node.name}")


@pytest.fixture(scope="module")
def boot_once(request):
    """The same, for guests that the tests of a file share."""
    yield from boots(request, request.module.__name__)


@pytest.fixture(scope="module")
def guest(boot_once):
    """A guest with a shell and services, shared by the tests of a file."""
    return boot_once().login().wait_for_services()


@pytest.fixture(scope="module")
def wire(boot_once):
    """A guest whose cable ends in the test, shared by the tests of a file."""
    wire = Wire(boot_once)
    yield wire
    wire.peer.close()


@pytest.fixture
def sockets(wire):
    """Sockets of that guest, for one test."""
    with wire.sockets() as sockets:
        yield sockets
