"""The README keeps its word: its commands are the ones CI runs, its Python runs, its pictures and names exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {  # the README, and the pages that it leads to
    page: (ROOT / page).read_text("utf-8")
    for page in (
        "README.md",
        *(f"storage_tui/{topic}/README.md" for topic in ("tui", "cli", "client", "server", "previews")),
        "tests/benchmarks/README.md",
        "tests/promises/README.md",
    )
}
EVERY_PAGE = "\n".join(PAGES.values())
LINES_AT_MOST = 280  # of the README: more is not read
READING_LINES_AT_MOST = 1050


def blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_readme_is_short_and_leads_to_every_page():
    assert len(README.splitlines()) <= LINES_AT_MOST
    assert set(re.findall(r"\]\(([a-z_/]+/README\.md)\)", README)) == PAGES.keys() - {"README.md"}


def test_every_file_that_a_page_names_exists():
    for page, text in PAGES.items():
        for path in re.findall(r"\]\(([^)#:]+?)\)", text):
            assert ((ROOT / page).parent / path).exists(), (page, path)
        for path in re.findall(r"`((?:storage_tui|tests)/[\w/]+(?:\.py)?)`", text):
            assert (ROOT / path).exists(), (page, path)


def test_the_six_files_to_read_first_are_a_short_read():
    (sentence,) = re.findall(r"Read these six files in this order.*?\n\n", README, re.DOTALL)
    files = re.findall(r"\]\((storage_tui/[^)]+\.py)\)", sentence)
    assert len(files) == 6
    assert sum(len((ROOT / file).read_text("utf-8").splitlines()) for file in files) < READING_LINES_AT_MOST


@pytest.mark.parametrize("topic", ["keys", "commands", "python", "server", "previews"])
def test_a_page_is_printed_by_its_topic(topic):
    folder = {"keys": "tui", "commands": "cli", "python": "client"}.get(topic, topic)
    result = subprocess.run(
        [sys.executable, "-m", "storage_tui", "help", topic], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == PAGES[f"storage_tui/{folder}/README.md"]
    assert result.stdout in EVERY_PAGE and f"`storage-tui help {topic}`" in EVERY_PAGE


def test_the_python_of_the_readme_runs_on_the_embedded_store(tmp_path):
    environ = {
        **os.environ, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "store"), "STORAGE_TUI_LINGER": "0",
    }  # fmt: skip
    code = blocks("python")[0]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "b'Hello Storage' ['notes/hello.txt']\n"


def test_ci_runs_the_test_command_of_the_readme():
    *setup, tests = blocks("sh")[1].strip().split(" && ")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert " && ".join(setup) in script
    assert tests in script


def test_the_readme_opens_with_a_sentence_a_picture_and_two_commands():
    head = README.split("\n## ", 2)
    assert "![" in head[0]
    assert head[1].startswith("Try it")
    assert "storage-tui --demo" in blocks("sh")[0]
    assert "pytest" in blocks("sh")[1]
    assert all(block.count("\n") == 1 for block in blocks("sh")[:2])


def test_the_keys_and_settings_of_the_readme_are_taken(tmp_path):
    from storage_tui.tui.commands import COMMANDS
    from storage_tui.tui.keys_file import commands_of

    keys, settings = blocks("toml")[:2]
    (tmp_path / "keys.toml").write_text(keys)
    rows, problems = commands_of(tmp_path / "keys.toml")
    assert problems == [] and rows != COMMANDS
    (tmp_path / "home" / "config").mkdir(parents=True)
    (tmp_path / "home" / "config" / "config.toml").write_text('theme = "ansi-dark"\nmouse = false\n' + settings)
    environ = {**os.environ, "STORAGE_TUI_HOME": str(tmp_path / "home"), "STORAGE_TUI_PROFILE": "lab"}
    result = subprocess.run(
        [sys.executable, "-m", "storage_tui", "config"], env=environ, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0 and "https://lab.example/storage/v1" in result.stdout, result.stderr


def test_every_command_of_the_readme_exists():
    from storage_tui.cli.main import cli

    named = {words[1] for words in (line.split() for block in blocks("sh", EVERY_PAGE) for line in block.splitlines())
             if words and words[0] == "storage-tui"}  # fmt: skip
    known = set(cli.list_commands(None))
    assert {name for name in named if ":" not in name and not name.startswith("-")} <= known


def test_the_key_table_is_the_command_table():
    from storage_tui.tui.commands import markdown_table

    (table,) = re.findall(r"<!-- keys:[^\n]*-->\n(.*?)<!-- /keys -->", PAGES["storage_tui/tui/README.md"], re.DOTALL)
    assert table.strip() == markdown_table().strip(), "run python -m tests.pictures keys"
