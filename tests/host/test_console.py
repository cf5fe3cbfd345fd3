# SPDX-License-Identifier: MIT
"""The console's terminal and the shell on it, as somebody at the keyboard sees
them: editing, ctrl-C, ctrl-D, jobs, and the kernel's trace."""

import re
import socket

from guest import END_OF_FILE, PROMPT, wait_until


def test_ps(guest):
    output = guest.check("ps")
    for name in ("init", "httpd", "echod", "sh"):
        assert re.search(rf"\b{name}\b", output), name


def test_pipes_and_redirection(guest):
    assert guest.check("seq 1 1000 | grep 7 | wc -l").strip() == "271"
    guest.check("echo one > /tmp/t; echo two >> /tmp/t")
    assert guest.check("cat < /tmp/t") == "one\ntwo\n"
    assert guest.check("rm /tmp/t; cat /tmp/t 2>&1 || echo $?").endswith("1\n")


def test_variables_and_scripts(guest):
    assert guest.check("x=5; for i in 1 2 3; do echo $((i * x)); done") == "5\n10\n15\n"
    guest.check("printf '#!/bin/sh\\necho \"$#:$1\"\\nexit 3\\n' > /tmp/s; chmod 755 /tmp/s"
                " 2>/dev/null || true")
    status, output = guest.run("sh /tmp/s 'a b' c")
    assert (status, output) == (3, "2:a b\n")


def test_interrupt_of_a_blocked_accept(guest):
    guest.start("/tests/usertests --helper probe tcp bind 127.0.0.1 5555 listen 1 accept")
    guest.expect(r"listen: 0 .*\n", 20)
    guest.interrupt()
    assert guest.run("nc -z 127.0.0.1 5555").status != 0, "it still listens"


def test_signal_for_a_server(guest):
    guest.start("nc -l 5556 & sleep 1; ss -lnt; kill -INT $!; wait $!; echo st''atus $?")
    guest.expect(r":5556\b", 20)
    found = guest.expect(r"status (\d+)\r", 20)
    assert int(found.group(1)) == 128 + 2
    guest.expect(PROMPT)


def test_interrupt_of_a_blocked_read(guest):
    guest.start("cat")
    guest.send("echoed\n")
    guest.expect(r"echoed\r\nechoed\r\n")
    guest.interrupt()


def test_interrupt_of_a_busy_loop(guest):
    guest.start("echo go''ing; while true; do :; done")
    guest.expect(r"going\r\n")
    guest.interrupt()
    assert guest.run("true").status == 0


def test_interrupt_of_a_pipeline(guest):
    guest.start("(echo go''ing; exec sleep 1000) | cat")
    guest.expect(r"going\r\n")
    guest.interrupt()
    assert "sleep" not in guest.check("ps")


def test_interrupt_spares_the_services(guest):
    guest.interrupt()
    with socket.create_connection(guest.address("tcp:7"), 20) as echo:
        echo.sendall(b"up")
        assert echo.recv(2) == b"up"


def test_interrupt_gives_the_status(guest):
    guest.start("(echo go''ing; exec sleep 1000)")
    guest.expect(r"going\r\n")
    guest.interrupt()
    assert guest.check("echo $?") == "130\n"


def test_end_of_file(guest):
    guest.start("cat; echo after''wards")
    guest.send("line\n")
    guest.expect(r"line\r\nline\r\n")
    guest.send(END_OF_FILE)
    guest.expect(r"afterwards\r\n", 10)
    guest.expect(PROMPT)


def test_end_of_file_after_part_of_a_line(guest):
    """The first ctrl-D hands over what there is, the second one is the end."""
    guest.start("cat; echo after''wards")
    guest.send("part" + END_OF_FILE)
    guest.expect(r"partpart")
    guest.send(END_OF_FILE)
    guest.expect(r"afterwards\r\n", 10)
    guest.expect(PROMPT)


def test_erasing(guest):
    guest.send("echo wronk\x7fg\n")
    guest.expect(r"wrong\r\n", 10)
    guest.expect(PROMPT)


def test_killing_the_line(guest):
    guest.send("rubbish that is no command\x15echo fi''ne\n")
    guest.expect(r"fine\r\n", 10)
    guest.expect(PROMPT)


def test_echo_can_be_turned_off(guest):
    """Raw mode, by a program that sets it: no echo, and single bytes."""
    output = guest.check("/tests/usertests tty")
    assert "not ok" not in output


def test_background_job(guest):
    guest.check("sleep 1000 & echo $! > /tmp/pid")
    assert "sleep" in guest.check("ps")
    guest.check("kill $(cat /tmp/pid)")
    wait_until(lambda: "sleep" not in guest.check("ps"), 10, "the job is gone")


def test_long_line(guest):
    words = " ".join(f"w{i}" for i in range(300))
    assert guest.check(f"echo {words} | wc -w").strip() == "300"


def test_trace_of_system_calls(guest):
    """strace-like: name, decoded arguments, result."""
    guest.check("echo syscalls > /proc/sys/kernel/trace; cat /etc/hostname > /dev/null; "
                "nc -z 127.0.0.1 1; echo off > /proc/sys/kernel/trace")
    log = guest.check("dmesg")
    assert re.search(r'openat\(AT_FDCWD, "/etc/hostname", [^)]*\) = \d+', log)
    assert re.search(r"connect\(\d+, \{?.*127\.0\.0\.1.*\) = -?.*ECONNREFUSED", log)
    assert re.search(r"socket\(AF_INET, SOCK_STREAM[^)]*\) = \d+", log)


def test_trace_of_one_process(guest):
    guest.check("sleep 1000 & echo $! > /tmp/pid")
    pid = guest.read("/tmp/pid").strip()
    guest.check(f"echo syscalls pid={pid} > /proc/sys/kernel/trace; cat /etc/hostname; "
                f"kill {pid}; echo off > /proc/sys/kernel/trace; dmesg -c >/dev/null || true")


def test_trace_of_sockets_and_packets(guest):
    guest.check("echo sockets,packets > /proc/sys/kernel/trace; "
                "fetch -q http://127.0.0.1/ > /dev/null; "
                "echo off > /proc/sys/kernel/trace")
    log = guest.check("dmesg")
    assert re.search(r"socket.*(ESTABLISHED|established|connected)", log, re.I)
    assert re.search(r"127\.0\.0\.1.*(SYN|syn)|\bTCP\b|\btcp\b", log)


def test_trace_is_off_by_default(guest):
    assert guest.read("/proc/sys/kernel/trace").strip() in ("", "off")


def test_trace_from_the_boot(boot):
    guest = boot(append="panic=exit trace=syscalls", forward=())
    guest.expect(r"openat\(.*\) = ", 60)


def test_shells_exit_brings_a_new_one(guest):
    guest.send("exit\n")
    guest.expect(PROMPT, 20)


def test_output_while_typing(guest):
    """A job's output in the middle of a typed line harms neither."""
    guest.start("(sleep 1; echo from-''job) &")
    guest.expect(PROMPT)
    guest.send("echo ty")
    guest.expect(r"from-job\r\n", 20)
    guest.send("p''ed\n")
    guest.expect(r"typed\r\n", 10)
    guest.expect(PROMPT)
