# SPDX-License-Identifier: MIT
"""The shell's scripts and the tools' commands of shell_cases.py in the guest: all
in one boot, each in a folder of its own."""

import os
import re
import shlex
import subprocess

import pytest

from guest import INITRD, KERNEL, TREE
from shell_cases import CASES, SAME_PROGRAMS, on_this_machine

# Each prints "case NUMBER STATUS LENGTH" and its output.
RUNNER = r"""
cd /tmp
i=0
while [ -f /cases/$i ]; do
    mkdir w$i; cd w$i
    sh /cases/$i </cases/$i.in >/tmp/out 2>/dev/null
    status=$?
    cd ..
    printf 'case %d %d %d\n' $i $status $(wc -c </tmp/out)
    cat /tmp/out
    i=$((i+1))
done
"""

SCRIPTS = [(name, script, "", (output, status))
           for name, script, output, status in CASES]
SCRIPTS += [(f"{command}, {len(text)}", " ".join(map(shlex.quote, command.split())),
             text, on_this_machine(command, text)) for command, text in SAME_PROGRAMS]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each script printed, and its status."""
    folder = tmp_path_factory.mktemp("cases")
    files = []
    for number, (_, script, text, _) in enumerate(SCRIPTS):
        (folder / str(number)).write_text(script + "\n")
        (folder / f"{number}.in").write_text(text)
        files += ["--file", f"{folder}/{number}:/cases/{number}",
                  "--file", f"{folder}/{number}.in:/cases/{number}.in"]
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


@pytest.mark.parametrize("number", range(len(SCRIPTS)), ids=[case[0] for case in SCRIPTS])
def test_in_the_guest(number, results):
    """Output and status are those that the table wants."""
    assert results.get(number) == SCRIPTS[number][3]
