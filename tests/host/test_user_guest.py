# SPDX-License-Identifier: MIT
"""The shell's scripts of shell_cases.py in the guest: all in one boot, each in
a folder of its own."""

import os
import re
import subprocess

import pytest

from guest import INITRD, KERNEL, TREE
from shell_cases import CASES

RUNNER = r"""
cd /tmp
i=0
while [ $i -lt %d ]; do
    mkdir w$i; cd w$i
    sh /cases/$i >/tmp/out 2>/dev/null
    status=$?
    cd ..
    printf 'case %%d %%d %%d\n' $i $status $(wc -c </tmp/out)
    cat /tmp/out
    i=$((i+1))
done
""" % len(CASES)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each script printed, and its status."""
    folder = tmp_path_factory.mktemp("cases")
    files = []
    for number, (_, script, _, _) in enumerate(CASES):
        (folder / str(number)).write_text(script + "\n")
        files += ["--file", f"{folder}/{number}:/cases/{number}"]
    done = subprocess.run(
        [f"{TREE}/tools/run", "--timeout", "120", "--log", f"{folder}/log", *files, RUNNER],
        env=dict(os.environ, KERNEL=KERNEL, INITRD=INITRD), stdout=subprocess.PIPE)
    found, output = {}, done.stdout
    while output:
        head = re.match(rb"case (\d+) (\d+) (\d+)\n", output)
        assert head, f"unexpected output: {output[:200]!r}"
        number, status, length = map(int, head.groups())
        end = head.end() + length
        found[number] = output[head.end():end].decode(), status
        output = output[end:]
    return found


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_shell(number, results):
    _, _, output, status = CASES[number]
    assert results.get(number) == (output, status)
