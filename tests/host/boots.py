# SPDX-License-Identifier: MIT
"""Booting guests for tests: what a failed test's guests left, the console log and
the packets, is kept in build/test-logs/NAME. For the fixtures of conftest.py, here
and in tests/debian."""

import os
import re
import shutil

from guest import BUILD, Guest

LOGS = os.path.join(BUILD, "test-logs")


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
