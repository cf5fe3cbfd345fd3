# SPDX-License-Identifier: MIT
"""Fixtures of the tests that drive QEMU."""

import os

import pytest

from boots import boots
from guest import KERNEL
from wire import Wire


def pytest_configure(config):
    if not os.path.exists(KERNEL):
        raise pytest.UsageError(f"{KERNEL} is missing; `make test` builds it")


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
