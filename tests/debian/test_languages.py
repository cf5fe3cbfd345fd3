# SPDX-License-Identifier: MIT
"""Interpreters, a compiler and a data base from Debian."""

import pytest

PACKAGES = "python3 perl lua5.4 sqlite3 gcc libc6-dev g++ micropython git"

PYTHON = {
    "threads": """
import threading
n, lock = 0, threading.Lock()
def work():
    global n
    for _ in range(2000):
        with lock:
            n += 1
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(n)""",
    "subprocess": """
import subprocess
print(subprocess.run(['sh', '-c', 'cat; exit 3'], input=b'x' * 5, capture_output=True))""",
    "asyncio": """
import asyncio
async def serve(reader, writer):
    writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 4000)
    async def ask(i):
        reader, writer = await asyncio.open_connection('127.0.0.1', 4000)
        writer.write(b'line %d\\n' % i); return await reader.read()
    print(b''.join(await asyncio.gather(*[ask(i) for i in range(20)])).count(b'LINE'))
asyncio.run(main())""",
    "http": """
import http.server, threading, urllib.request, os
os.chdir('/etc')
server = http.server.ThreadingHTTPServer(('127.0.0.1', 4001), http.server.SimpleHTTPRequestHandler)
http.server.SimpleHTTPRequestHandler.log_message = lambda *a: None
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen('http://127.0.0.1:4001/hostname').read().decode().strip())""",
    "sqlite": """
import sqlite3
db = sqlite3.connect('/tmp/py.db')
db.execute('create table t(a)'); db.executemany('insert into t values(?)', [(i,) for i in range(1000)])
db.commit(); print(db.execute('select sum(a) from t').fetchone()[0])""",
    "ssl": "import ssl; print(ssl.create_default_context().verify_mode.name)",
    "multiprocessing": """
import multiprocessing
if __name__ == '__main__':
    with multiprocessing.Pool(3) as pool: print(sum(pool.map(abs, range(-50, 50))))""",
    "sockets": """
import socket, array
a, b = socket.socketpair()
import os
r, w = os.pipe(); socket.send_fds(a, [b'x'], [w])
got = socket.recv_fds(b, 10, 4)[1][0]; os.write(got, b'through'); print(os.read(r, 10).decode())""",
    "mmap": """
import mmap
with open('/tmp/m', 'wb') as f: f.write(bytes(8192))
with open('/tmp/m', 'r+b') as f:
    m = mmap.mmap(f.fileno(), 0); m[4096:4101] = b'wharf'; m.flush()
print(open('/tmp/m', 'rb').read()[4096:4101].decode())""",
}
WANTED = {
    "threads": "16000", "asyncio": "20", "http": "wharf", "sqlite": "499500",
    "ssl": "CERT_REQUIRED", "multiprocessing": "2500", "sockets": "through", "mmap": "wharf",
    "subprocess": "CompletedProcess(args=['sh', '-c', 'cat; exit 3'], returncode=3, "
                  "stdout=b'xxxxx', stderr=b'')",
}

COMMANDS = [
    ("perl -e 'my %h = map { $_ => $_ ** 2 } 1 .. 10; print join(q(,), map { $h{$_} } sort { $a <=> $b } "
     "keys %h), qq(\\n)'", "1,4,9,16,25,36,49,64,81,100"),
    ("perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(q(127.0.0.1:7)); print $s qq(perl\\n); "
     "print scalar <$s>'", "perl"),
    ("lua5.4 -e 'local t = {} for i = 1, 10 do t[i] = i * i end print(table.concat(t, \" \"))'",
     "1 4 9 16 25 36 49 64 81 100"),
    ("sqlite3 /tmp/s.db 'create table t(a, b); insert into t values(1, \"x\"), (2, \"y\"); "
     "select group_concat(b) from t;'", "x,y"),
    ("micropython -c 'print(sum(range(101)))'", "5050"),
]


def last_line(output):
    return [line for line in output.splitlines() if not line.startswith("[ ")][-1]


def write(guest, path, text):
    """A file in the guest, typed line by line."""
    guest.check(f"rm -f {path}")
    for line in text.strip("\n").splitlines():
        quoted = line.replace("'", "'\\''")
        guest.check(f"printf '%s\\n' '{quoted}' >> {path}")


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_python(guest, name):
    write(guest, "/tmp/program.py", PYTHON[name])
    assert last_line(guest.run("python3 /tmp/program.py", timeout=120).output) == WANTED[name]


@pytest.mark.parametrize("command, wanted", COMMANDS)
def test_output(guest, command, wanted):
    assert last_line(guest.run(command).output) == wanted


def test_gcc_compiles_and_runs(guest):
    write(guest, "/tmp/hello.c", "#include <stdio.h>\n#include <pthread.h>\n"
          "static void *run(void *p) { printf(\"%s\\n\", (char *)p); return 0; }\n"
          "int main(void) { pthread_t t; pthread_create(&t, 0, run, \"compiled here\"); "
          "pthread_join(t, 0); return 5; }")
    status, output = guest.run("cd /tmp && gcc -O2 -Wall hello.c -o hello && ./hello", timeout=180)
    assert (status, last_line(output)) == (5, "compiled here")


def test_exceptions_across_threads(guest):
    write(guest, "/tmp/throw.cc", "#include <future>\n#include <iostream>\n#include <stdexcept>\n"
          "int main() { auto f = std::async(std::launch::async, []() -> int { "
          "throw std::runtime_error(\"thrown there\"); });\n"
          "try { f.get(); } catch (const std::exception &e) { std::cout << e.what() << std::endl; } }")
    output = guest.check("cd /tmp && g++ -O1 throw.cc -o throw && ./throw", timeout=300)
    assert last_line(output) == "thrown there"


def test_git(guest):
    guest.check("cd /tmp && rm -rf r c && git init -q r && cd r && git config user.email a@b && "
                "git config user.name n && echo one > f && git add f && git commit -qm first",
                timeout=120)
    guest.check("cd /tmp && git daemon --base-path=/tmp --export-all --detach --reuseaddr "
                "--listen=127.0.0.1", timeout=60)
    guest.check("cd /tmp && git clone -q git://127.0.0.1/r c", timeout=120)
    assert last_line(guest.check("git --no-pager -C /tmp/c log --format=%s")) == "first"
