# SPDX-License-Identifier: MIT
"""The in-guest tests, built for this machine's Linux: that they pass here shows
that they expect what Linux does."""

import re
import subprocess

import pytest

from guest import HOST_TESTS


def suites():
    names = subprocess.run([HOST_TESTS, "-l"], capture_output=True, text=True)
    return sorted({name.split("/")[0] for name in names.stdout.split()})


@pytest.mark.parametrize("suite", suites())
def test_on_linux(suite):
    done = subprocess.run([HOST_TESTS, suite], capture_output=True, text=True,
                          timeout=300, errors="replace")
    failures = re.findall(r"^not ok .*$", done.stdout, re.M)
    assert not failures, "\n".join(failures)
    assert done.returncode == 0, done.stderr
