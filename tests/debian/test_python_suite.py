# SPDX-License-Identifier: MIT
"""CPython's own tests of what a kernel does for it, as Debian packages them. What is
left out concerns things that CAVEATS.md says do not exist."""

import pytest

PACKAGES = "python3 libpython3.13-testsuite"

# Per module, patterns of the tests that are left out.
MODULES = {
    "test_select": [], "test_poll": [], "test_epoll": [], "test_selectors": [],
    "test_fcntl": [], "test_pty": [], "test_openpty": [], "test_mmap": [], "test_posix": [],
    "test_socket": ["*UDPLITE*"],
    "test_signal": ["*test_itimer_prof*", "*test_itimer_virtual*"],
}


@pytest.mark.parametrize("module", MODULES)
def test_module(guest, module):
    left_out = " ".join(f"-i '{pattern}'" for pattern in MODULES[module])
    status, output = guest.run(f"python3 -m test {left_out} {module} > /tmp/said 2>&1; s=$?; "
                               "grep -E '^(FAIL|ERROR|Ran)' /tmp/said; (exit $s)", timeout=900)
    assert status == 0, output
