# SPDX-License-Identifier: MIT
"""The in-guest tests (tests/user), each a result of its own. A suite has a boot
of its own; the names come from the same program built for this machine. The
same again, with fewer boots, on the kernel that DEBUG=1 builds."""

import os
import re
import subprocess

import pytest

from guest import DEBUG_KERNEL, HOST_TESTS, KERNEL, USERTESTS, GuestError

LINE = re.compile(rb"(not ok|ok) \d+ - ([\w/]+):? ?(.*?)\r?\n")
SUITE_SECONDS = 240


def all_names():
    listed = subprocess.run([HOST_TESTS, "-l"], capture_output=True, text=True)
    return listed.stdout.split()


def by_suite(names):
    suites = {}
    for name in names:
        suites.setdefault(name.split("/")[0], []).append(name)
    return suites


class SuiteRuns:
    """The results of each suite, run when the first of its tests asks."""

    def __init__(self, boot):
        self.boot = boot
        self.results = {}  # (kernel, suite) -> {name: (verdict, words)}
        self.guests = {}   # kernel -> a guest to use again

    def run(self, kernel, suite, names):
        results = self.results[kernel, suite] = {}
        guest = self.guests.pop(kernel, None)
        try:
            if guest is None:
                guest = self.boot(kernel=kernel, append="quiet panic=exit").login()
            guest.start(f"{USERTESTS} {suite}; echo end''=$?")
            for _ in names:
                found = guest.expect(LINE.pattern, SUITE_SECONDS)
                verdict, name, words = (part.decode(errors="replace")
                                        for part in found.groups())
                results[name] = verdict, words
                print(f"{verdict} {name} {words}")
            guest.expect(rb"end=(\d+)\r\n", 60)
            guest.expect(rb"wharf# $", 10)
        except GuestError as error:
            results["end"] = "not ok", str(error)
            if guest:
                guest.close()
            return
        if kernel == DEBUG_KERNEL:
            self.guests[kernel] = guest
        else:
            guest.close()

    def verdict(self, kernel, name, names):
        suite = name.split("/")[0]
        if (kernel, suite) not in self.results:
            self.run(kernel, suite, names)
        results = self.results[kernel, suite]
        reason = results.get("end", ("not ok", "the guest did not say"))
        return results.get(name, reason)


@pytest.fixture(scope="module")
def runs(boot_once):
    return SuiteRuns(boot_once)


SUITES = by_suite(all_names())
NAMES = [name for names in SUITES.values() for name in names]


def check(runs, kernel, name):
    verdict, words = runs.verdict(kernel, name, SUITES[name.split("/")[0]])
    if verdict == "ok" and words.startswith("# SKIP"):
        pytest.skip(words)
    assert verdict == "ok", f"{words}\nreproduce: {USERTESTS} {name} in the guest"


@pytest.mark.parametrize("name", NAMES)
def test_in_guest(runs, name):
    check(runs, KERNEL, name)


@pytest.mark.skipif(not os.path.exists(DEBUG_KERNEL),
                    reason="build/debug/wharf is built by `make test`")
@pytest.mark.parametrize("name", NAMES)
def test_with_debug_kernel(runs, name):
    check(runs, DEBUG_KERNEL, name)
