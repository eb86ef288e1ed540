"""Who comes first: what the kernel says of a process after it has asked."""

import subprocess
import sys

import pytest

READ = """
import ctypes, os, struct, threading
def asked():
    raw = ctypes.create_string_buffer(48)
    number = {"x86_64": 315}.get(os.uname().machine, 275)
    ctypes.CDLL(None).syscall(number, 0, raw, 48, 0)
    size, policy, flags, niceness, priority, runtime, deadline, period = struct.unpack("=IIQiIQQQ", raw.raw)
    return policy, niceness, runtime
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="the scheduler of Linux")


def says(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", READ + code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@linux
def test_background_work_never_interrupts_and_has_a_smaller_share() -> None:
    policy, before, after = says(
        "from storage_tui.machine.precedence import work_in_background\n"
        "before = os.nice(0)\nwork_in_background()\nprint(os.sched_getscheduler(0), before, os.nice(0))"
    )
    assert policy == "3", "SCHED_BATCH"
    assert int(after) == min(int(before) + 5, 19)


@linux
def test_what_answers_at_once_keeps_its_share_and_gives_its_children_the_usual_slice() -> None:
    before, after, of_a_thread, of_a_child = says(
        "from storage_tui.machine.precedence import answer_at_once\n"
        "def show(): print(*asked(), sep=',', flush=True)\n"
        "show()\nanswer_at_once()\nshow()\n"
        "thread = threading.Thread(target=show)\nthread.start()\nthread.join()\n"
        "if os.fork() == 0:\n    show()\n    os._exit(0)\nos.wait()"
    )
    policy, niceness, usual = before.split(",")
    assert after.rsplit(",", 1)[0] == f"{policy},{niceness}"
    assert of_a_thread == of_a_child == before
    if int(usual):  # a kernel that says the slice lets it be chosen: Linux 6.12 and later
        assert int(after.rsplit(",", 1)[1]) == 100_000 < int(usual)


@linux
def test_upkeep_gives_way_to_all_others() -> None:
    assert says(
        "from storage_tui.machine.precedence import be_gentle\n"
        "before = os.nice(0)\nbe_gentle()\nprint(os.nice(0) == min(before + 10, 19))\n"
    ) == ["True"]
