# SPDX-License-Identifier: MIT
"""Debian's archive, by apt itself, with a configuration of its own in a folder:
neither root nor a change to the machine's own apt is needed. The mirror is the
one that this machine already uses. For tools/fetch and tools/packages."""

import glob
import os
import re
import subprocess

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME")
                     or os.path.expanduser("~/.cache"), "wharf")


class DebianError(Exception):
    """What went wrong, in words for the user."""


def stanzas():
    """The machine's apt sources, both file formats, as lists of deb822 lines."""
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path) as file:
            text = "\n".join(line for line in file.read().splitlines()
                             if not line.startswith("#"))
        for stanza in re.split(r"\n\s*\n", text):
            yield [line for line in stanza.splitlines() if line]
    lists = ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*.list")]
    names = {"signed-by": "Signed-By", "trusted": "Trusted",
             "check-valid-until": "Check-Valid-Until"}
    for path in filter(os.path.exists, lists):
        for line in open(path):
            found = re.match(r"deb(?:-src)?\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.+)",
                             line)
            if found:
                options, uri, suite, components = found.groups()
                pairs = [o.split("=", 1) for o in (options or "").split()]
                yield [f"URIs: {uri}", f"Suites: {suite}",
                       f"Components: {components.split('#')[0]}",
                       *(f"{names[k]}: {v}" for k, v in pairs if k in names)]


def mirror(kind, suite):
    """A stanza of `kind` (deb, deb-src) for `suite`, on the mirror that serves
    Debian's main to this machine."""
    release = dict(line.rstrip().split("=", 1)
                   for line in open("/etc/os-release") if "=" in line)
    serves = {release.get("VERSION_CODENAME"), suite, "oldstable", "stable",
              "testing", "unstable", "sid"}
    for stanza in stanzas():
        fields = dict(re.findall(r"(?m)^([\w-]+):[ \t]*(.*)$", "\n".join(stanza)))
        if (serves & set(fields.get("Suites", "").split())
                and "main" in fields.get("Components", "").split()
                and fields.get("Enabled", "yes") != "no"):
            kept = [line for line in stanza if not re.match(
                r"(Types|Suites|Components|Architectures|Targets):", line)]
            return [f"Types: {kind}", f"Suites: {suite}", "Components: main", *kept]
    raise DebianError("no apt source of this machine serves Debian's main")


class Apt:
    """apt-get in a folder of its own, with nothing installed."""

    def __init__(self, folder, kind, suite, architecture=None):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "preferences.d"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        with open(os.path.join(folder, "debian.sources"), "w") as file:
            file.write("\n".join(mirror(kind, suite)) + "\n")
        open(os.path.join(folder, "status"), "w").close()
        lines = [f'Dir::Etc::SourceList "{folder}/debian.sources";',
                 'Dir::Etc::SourceParts "-";',
                 f'Dir::Etc::Preferences "{folder}/preferences";',
                 f'Dir::Etc::PreferencesParts "{folder}/preferences.d";',
                 f'Dir::State::Lists "{folder}/lists";',
                 f'Dir::State::Status "{folder}/status";',
                 f'Dir::State::extended_states "{folder}/extended";',
                 f'Dir::Cache "{folder}/cache";', 'APT::Sandbox::User "";']
        if architecture:
            lines += [f'APT::Architecture "{architecture}";',
                      f'APT::Architectures {{ "{architecture}"; }};']
        with open(os.path.join(folder, "apt.conf"), "w") as file:
            file.write("\n".join(lines) + "\n")

    def run(self, *arguments):
        """apt-get's output. DebianError if it fails."""
        environment = dict(os.environ, LC_ALL="C",
                           APT_CONFIG=os.path.join(self.folder, "apt.conf"))
        done = subprocess.run(["apt-get", "-q", *arguments], env=environment,
                              cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise DebianError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout}")
        return done.stdout
