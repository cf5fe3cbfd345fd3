# SPDX-License-Identifier: MIT
"""Writes a cpio archive (newc), as other people's tools would: the tests boot
archives that are not made by tools/mkcpio."""


def entry(name, data, mode, number):
    fields = [number, mode, 0, 0, 1, 1600000000, len(data), 0, 0, 0, 0,
              len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % value for value in fields)
    head += name.encode() + b"\0"
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def archive(files):
    """files: name -> bytes (a program, mode 0755) or None (a folder)."""
    parts = [entry(name, data or b"", 0o100755 if data is not None else 0o40755, i + 1)
             for i, (name, data) in enumerate(files.items())]
    return b"".join(parts) + entry("TRAILER!!!", b"", 0, 0)
