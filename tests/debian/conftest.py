# SPDX-License-Identifier: MIT
"""Fixtures of the tests that run Debian's own programs in the guest. tests/host
has the guest itself; here it is booted with packages."""

import os
import subprocess
import sys

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TREE, "tests/host"))

from boots import boots  # noqa: E402
from guest import BUILD  # noqa: E402


def boot_options(packages):
    """How Guest() boots with these packages, downloaded and built if need be."""
    done = subprocess.run([f"{TREE}/tools/packages", "--build", BUILD, *packages.split()],
                          stdout=subprocess.PIPE, text=True, check=True)
    image = done.stdout.strip()
    if image.endswith(".img"):
        return {"initrd": "", "settings": {"ROOT": image, "MEM": "512M"}}
    return {"initrd": image, "settings": {"MEM": "512M"}}


@pytest.fixture(scope="module")
def boot_once(request):
    yield from boots(request, f"debian.{request.module.__name__}")


@pytest.fixture(scope="module")
def guest(request, boot_once):
    """A guest with the packages, and the forwarded ports, that the test's file
    names: PACKAGES, FORWARD."""
    options = boot_options(request.module.PACKAGES)
    return boot_once(forward=getattr(request.module, "FORWARD", ()), **options).login()
