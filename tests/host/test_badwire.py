# SPDX-License-Identifier: MIT
"""Up to 64 MiB over TCP each way between two guests, through a cable that
loses, reorders and damages frames (badwire.py): all of it arrives, as its SHA-256
says.

BADWIRE_SEED repeats a run. TCP's timer governs at 20 % loss, on Linux too, so the
suite transfers less there; `make soak-wire` transfers 64 MiB each time."""

import os
import re
import time

import pytest

from badwire import BadWire

SEED = int(os.environ.get("BADWIRE_SEED", "1"))
SECONDS = int(os.environ.get("BADWIRE_SECONDS", "600"))
ADDRESSES = ["10.9.0.2", "10.9.0.3"]
MACS = ["52:54:00:00:00:02", "52:54:00:00:00:03"]
PORT = 5001


class Pair:
    """Two guests and the cable between them."""

    def __init__(self, boot, **rates):
        self.wire = BadWire(SEED, **rates)
        self.guests = [
            boot(append=f"quiet panic=exit ip={address}/24", forward=(),
                 settings={"NETDEV": netdev, "MAC": mac, "PCAP": ""})
            for address, mac, netdev in zip(ADDRESSES, MACS, self.wire.netdevs)]
        for guest in self.guests:
            guest.login()

    def transfer(self, source, length):
        """Send bytes from one guest to the other; how many seconds it took."""
        sender, receiver = self.guests[source], self.guests[1 - source]
        sender.check(f"dd if=/dev/urandom of=/tmp/data bs=64k count={length >> 16}", 120)
        wanted = sender.check("sha256sum /tmp/data", 120).split()[0]
        receiver.start(f"nc -l {PORT} | sha256sum")
        start = time.monotonic()
        sender.start(f"until nc {ADDRESSES[1 - source]} {PORT} </tmp/data; do :; done")
        found = receiver.expect(r"([0-9a-f]{64})", SECONDS)
        took = time.monotonic() - start
        assert found.group(1).decode() == wanted, str(self.wire)
        sender.expect(rb"wharf# $", 120)
        receiver.expect(rb"wharf# $", 120)
        sender.check("rm /tmp/data")
        return took


WIRES = {  # MiB each way, and the rates
    "loss of 1 %": (64, {"loss": 0.01}),
    "loss of 5 %": (16, {"loss": 0.05}),
    "loss of 20 %": (0.125, {"loss": 0.20}),
    "10 % out of order": (16, {"reorder": 0.10}),
    "1 % damaged": (16, {"corrupt": 0.01}),
    "all of it": (2, {"loss": 0.01, "reorder": 0.01, "duplicate": 0.01, "corrupt": 0.01,
                      "delay": 0.002}),
}


@pytest.mark.parametrize("name", WIRES)
def test_transfers_arrive_intact(boot, name):
    mebibytes, rates = WIRES[name]
    length = int(float(os.environ.get("BADWIRE_MIB", mebibytes)) * (1 << 20))
    pair = Pair(boot, **rates)
    try:
        for source in (0, 1):
            took = pair.transfer(source, length)
            print(f"{length >> 10} KiB in {took:.1f} s, "
                  f"{length * 8 / took / 1e6:.1f} Mbit/s")
        print(pair.wire)
    finally:
        pair.wire.close()
