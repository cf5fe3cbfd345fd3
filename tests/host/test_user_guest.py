# SPDX-License-Identifier: MIT
"""The shell's scripts and the tools' commands of shell_cases.py in the guest: all
in one boot, each in a folder of its own."""

import os
import re
import shlex
import subprocess

import pytest

from guest import INITRD, INTERRUPT, KERNEL, PROMPT, TREE
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


def test_jobs(guest):
    """Ctrl-Z stops the job in front; jobs, bg, fg and kill %1 find it."""
    guest.start("(echo go''ing; exec sleep 61) | cat")
    guest.expect(r"going\r\n")
    guest.send("\x1a")
    guest.expect(r"Stopped +\(...\) \| cat\r\n")
    guest.expect(PROMPT)
    assert "Stopped" in guest.check("jobs")
    assert "Running" in guest.check("bg; jobs")
    guest.start("fg")
    guest.expect(r"\(...\) \| cat\r\n")
    guest.send(INTERRUPT)
    guest.expect(PROMPT)
    assert guest.check("jobs") == ""
    assert guest.check("sleep 62 & kill %1; wait; jobs; echo done").endswith("done\n")


def test_unfinished_line(guest):
    """A quote or a loop goes on in the next line; ctrl-C forgets it."""
    guest.start("for i in 1 2")
    guest.expect("> ")
    guest.start("do echo n$i; done")
    guest.expect("n1\r\nn2\r\n")
    guest.expect(PROMPT)
    guest.start("echo 'half")
    guest.expect("> ")
    guest.send(INTERRUPT)
    guest.expect(PROMPT)
    guest.start("echo ${none?gone}; echo not reached")
    guest.expect("none: gone\r\n" + PROMPT.decode())


def test_poweroff(boot):
    """The shell that ends is started again; poweroff ends the machine with 0."""
    guest = boot().login()
    guest.send("exit 5\n")
    guest.expect("Wharf. Try")
    guest.expect(PROMPT)
    assert guest.power_off() == 0
