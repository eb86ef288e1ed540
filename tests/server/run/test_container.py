"""The container file: its steps are done, without a builder or a network, in a copy of this machine's root.

The copy is an overlay whose changes are in memory. The steps see the packages of the tests' own environment, so pip
finds there what it would fetch.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import storage_tui
from tests import wanted
from tests.mounts import needs_mounts

ROOT = Path(storage_tui.__file__).parents[1]
FILE = ROOT / "storage_tui" / "server" / "run" / "Containerfile"
BIN = Path(sys.executable).parent
SET_UP = """
set -e
mount -t tmpfs none "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay none -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root"
mount --rbind /proc "$0/root/proc"
mount --rbind /dev "$0/root/dev"
"$1" -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))'  # SIOCSIFFLAGS, IFF_UP: the loopback is up
echo ready
exec sleep infinity
"""


def steps() -> list[tuple[str, str]]:
    """Return the steps of the container file: word and text."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.MULTILINE)).splitlines()
    return [(word, text) for word, _, text in (line.partition(" ") for line in lines)]


@dataclass
class Container:
    """A container that is being built: its root, and the process whose namespaces hold its mounts and its network."""

    root: Path
    holder: int
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    health: str = ""

    def command(self, *words: str) -> list[str]:
        """Return the words that run a command in it, as its user."""
        inside = ["nsenter", f"--target={self.holder}", "--mount", "--net", "chroot", f"--userspec={self.user}"]
        return [*inside, str(self.root), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return subprocess.run(self.command(*words), env=environ(), check=False, capture_output=True, text=True)

    def do(self, word: str, text: str) -> None:
        """Do one step."""
        if word == "RUN":
            done = self.run("/bin/sh", "-c", text)
            assert done.returncode == 0, done.stderr
        elif word == "COPY":
            *sources, target = text.split()
            made = self.run("mkdir", "-p", target if len(sources) > 1 else str(Path(target).parent))
            assert made.returncode == 0, made.stderr
            for source in sources:  # the root of the container sees the tree of this machine
                copied = self.run("cp", "-r", str(ROOT / source), target)
                assert copied.returncode == 0, copied.stderr
        elif word == "USER":
            self.user = text
        elif word == "ENTRYPOINT":
            self.entrypoint = json.loads(text)
        elif word == "HEALTHCHECK":
            self.health = text.removeprefix("CMD ")
        else:
            assert word in ("FROM", "VOLUME", "EXPOSE", "STOPSIGNAL"), f"an unknown step: {word}"


def environ() -> dict[str, str]:
    """The environment in the container, in which pip fetches nothing."""
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/home/storage", "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_COMPILE": "1",
            "PIP_ROOT_USER_ACTION": "ignore"}  # fmt: skip


def passages() -> list[str]:
    """Return the folders above the environment and its Python, which may be private: the container's user must pass."""
    return [str(path) for place in (BIN, Path(sys.base_prefix)) for path in (place, *place.parents)]


@contextmanager
def started(folder: Path) -> Iterator[Container]:
    """The root of a container, before its first step."""
    for name in ("mount", "nsenter", "unshare"):
        wanted.program(name)
    holder = subprocess.Popen(
        ["unshare", "--mount", "--net", "sh", "-c", SET_UP, str(folder), sys.executable],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stderr is not None
    with holder:
        try:
            if holder.stdout.readline() != "ready\n":
                pytest.skip(f"this machine lets nobody mount that: {holder.stderr.read()}")
            container = Container(folder / "root", holder.pid)
            container.do("RUN", f"chmod a+x {shlex.join(passages())}")
            yield container
        finally:
            holder.kill()


def test_every_file_that_a_step_copies_is_in_the_tree() -> None:
    sources = [source for word, text in steps() if word == "COPY" for source in text.split()[:-1]]
    assert sources and all((ROOT / source).exists() for source in sources)


@needs_mounts
@pytest.mark.timeout(300)
def test_the_steps_make_a_container_that_serves_and_stops(tmp_path: Path) -> None:
    with started(tmp_path) as container:
        for word, text in steps():
            container.do(word, text)
        assert container.user == "10001:10001"
        assert container.run("ls", "/src").returncode != 0
        assert container.run("stat", "-c", "%u:%g %a", "/data").stdout == "10001:10001 700\n"
        where = container.run("python", "-c", "import storage_tui; print(storage_tui.__file__)")
        assert "site-packages" in where.stdout, where.stderr
        assert container.run("/bin/sh", "-c", container.health).returncode != 0
        server = subprocess.Popen(container.command(*container.entrypoint), env=environ(), stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            assert b"http" in server.stdout.readline()
            healthy = container.run("/bin/sh", "-c", container.health)
            assert healthy.returncode == 0, healthy.stderr
            assert container.run("stat", "-c", "%u", "/data/meta.db").stdout == "10001\n"
            token = container.run("storage-tui", "token", "create", "ann", "--data-dir", "/data").stdout
            assert token.count(".") == 2
            server.terminate()
            assert server.wait(60) == 0
        finally:
            server.kill()
            server.communicate()
