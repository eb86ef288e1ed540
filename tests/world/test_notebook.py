"""Storage in a notebook with a real kernel: in its running loop, its tables, its progress."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage_tui.contract.models import Blob, Page, Usage
from storage_tui.notebook import progress
from tests.server.running import RunningServer
from tests.world.environment import world_python

NOTEBOOK = Path(__file__).with_name("notebook.py")


@pytest.mark.timeout(300)
def test_a_notebook_runs_storage_in_its_loop_and_draws_tables_and_progress(tmp_path: Path) -> None:
    python = world_python()
    server = RunningServer(tmp_path / "store")
    server.data_dir.mkdir(mode=0o700)
    server.start()
    environment = {
        "PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1",
        "STORAGE_TUI_URL": server.url, "STORAGE_TUI_TOKEN": server.token(), "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }  # fmt: skip
    done = subprocess.run(
        [str(python), "-W", "ignore", str(NOTEBOOK), str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=200, text=True,
    )  # fmt: skip
    assert server.stop() == 0
    assert done.returncode == 0, done.stderr
    running, got, blob, page, usage, awaited, bars = json.loads(done.stdout)
    assert plain(running) == ["True"]
    assert plain(got) == plain(awaited) == ["b'in a loop that runs'"]
    assert "data:notes/&lt;b&gt;bold" in html(blob)[0]
    assert "<b>" not in html(blob)[0]
    assert "<th>size</th>" in html(page)[0]
    assert "<td>notes/</td><td>1</td>" in html(usage)[0]
    assert len(bars) == 2
    assert all("20.0 MB of 20.0 MB  verified" in text for text in plain(bars))
    assert all(text.startswith("<progress") for text in html(bars))


def plain(outputs: list[dict[str, dict[str, str]]]) -> list[str]:
    return ["".join(output["data"]["text/plain"]) for output in outputs]


def html(outputs: list[dict[str, dict[str, str]]]) -> list[str]:
    return ["".join(output["data"]["text/html"]) for output in outputs]


def test_hostile_text_is_escaped_in_every_table() -> None:
    evil = "<script>alert(1)</script>\"'&"
    blob = Blob(evil, "data", 1, content_type=evil, crc32c=evil)
    for model in (blob, Page((blob,), (evil,), "t"), Usage(evil, 1, 1, children=(Usage(evil, 1, 1),))):
        drawn = model._repr_html_()
        assert "<script" not in drawn
        assert "&lt;script&gt;" in drawn


def test_progress_in_a_pipe_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with progress("quiet") as control:
        control.done_bytes = 5
    assert said.getvalue() == ""
