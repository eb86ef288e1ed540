"""A process that fuzzes one target and tells what it cost.

    python -m tests.promises.fuzz_child TARGET ROUNDS SEED
    python -m tests.promises.fuzz_child TARGET ROUNDS SEED --coverage

The first makes its inputs from good ones with a seed, so that a run can be had again; the second lets atheris look for
inputs that reach new code. An input that breaks a promise is told as a Python literal, and the process ends with 1.
"""

import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.promises.mutation import mutations

MOST_CPU_S = 10.0  # of one input, in CPU time, so that a busy machine changes nothing

Target = tuple[Sequence[bytes], Callable[[bytes], None]]
TARGETS = ("wire", "packs", "keys", "heads", "answers", "server", "previews", "terminal")


@contextmanager
def opened(name: str) -> Iterator[Target]:
    """The seeds and the check of a target."""
    from tests.promises import fuzz_client, fuzz_previews, fuzz_server, fuzz_terminal, fuzz_wire

    if name == "server":
        with fuzz_server.one_server() as server:
            yield server.seeds, server.check
    elif name == "previews":
        yield fuzz_previews.seeds(), fuzz_previews.check_preview
    else:
        yield {
            "wire": (fuzz_wire.WIRE_SEEDS, fuzz_wire.check_wire),
            "packs": (fuzz_wire.PACK_SEEDS, fuzz_wire.check_pack),
            "keys": (fuzz_wire.KEY_SEEDS, fuzz_wire.check_keys),
            "heads": (fuzz_wire.HEAD_SEEDS, fuzz_wire.check_head),
            "answers": (fuzz_client.SEEDS, fuzz_client.check_answer),
            "terminal": (fuzz_terminal.SEEDS, fuzz_terminal.check_input),
        }[name]


class TooSlowError(BaseException):
    """One input took longer than any may; no parser may catch it."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def _judged(check: Callable[[bytes], None], content: bytes) -> None:
    """Check one input within its time; tells the input when it breaks a promise."""
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
    try:
        check(content)
    except BaseException:
        signal.setitimer(signal.ITIMER_PROF, 0)
        traceback.print_exc()
        print(f"the input: {content!r}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _by_coverage(target: str, rounds: int, seed: str) -> None:
    import tempfile
    from pathlib import Path

    import atheris

    with atheris.instrument_imports(include=["storage_tui"]), opened(target) as (seeds, check):
        corpus = tempfile.mkdtemp()
        for number, content in enumerate(seeds):
            (Path(corpus) / str(number)).write_bytes(content)
        options = [f"-runs={rounds}", f"-seed={abs(hash(seed)) % 2**31}", "-max_len=65536", "-verbosity=0", corpus]
        atheris.Setup([sys.argv[0], *options], lambda content: _judged(check, content))
        atheris.Fuzz()


def _peak_mib() -> int:
    """The most this program ever held. getrusage would tell of the process that began it, where that held more."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main() -> None:
    """Fuzz, and print the inputs tried and the peak of memory in MiB."""
    target, rounds, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    signal.signal(signal.SIGPROF, _stop)
    if sys.argv[4:] == ["--coverage"]:
        _by_coverage(target, rounds, seed)
        return
    tried = 0
    with opened(target) as (seeds, check):
        for content in mutations(seeds, rounds, seed):
            _judged(check, content)
            tried += 1
    peak = _peak_mib()
    print(tried, peak)


if __name__ == "__main__":
    main()
