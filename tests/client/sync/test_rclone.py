"""A sync has the result that `rclone sync` has on the same trees, in both directions, deletes and filters included."""

import shutil
import subprocess

import pytest

from storage_tui.client.sync.rules import Rules
from storage_tui.sync import check, sync
from tests import wanted
from tests.client.sync.trees import Pair, read, write
from tests.effort import count

PAIRS = count(short=8, full=50, long=500)


@pytest.fixture
def model(tmp_path):
    """What rclone makes of a pair: the files of the target after its sync between two local folders."""
    program = wanted.program("rclone")

    def run(pair, options, verb="sync"):
        for name in ("model-source", "model-target"):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
        write(tmp_path / "model-source", pair.source)
        write(tmp_path / "model-target", pair.target)
        words = [program, verb, "--config=", "--checksum", "--no-unicode-normalization", *options]
        subprocess.run(
            [*words, tmp_path / "model-source", tmp_path / "model-target"], check=True, capture_output=True, timeout=60
        )
        return read(tmp_path / "model-target")

    return run


def rules_of(options):
    values = {name: [row.partition("=")[2] for row in options if row.startswith(f"--{name}=")]
              for name in ("include", "exclude", "filter")}  # fmt: skip
    return Rules.of(values["include"], values["exclude"], values["filter"])


def fill(storage, prefix, files):
    for name, content in files.items():
        storage.set(prefix + name, content)


def blobs(storage, prefix):
    return {key[len(prefix) :]: storage.get(key) for key in storage.iter_list(prefix)}


@pytest.mark.parametrize("number", range(PAIRS))
def test_a_sync_has_the_result_of_rclone_in_both_directions(storage, tmp_path, model, number):
    pair, delete = Pair(number), number % 4 != 3
    options = pair.filters()
    rules = rules_of(options)
    expected = model(pair, options, "sync" if delete else "copy")

    write(tmp_path / "up", pair.source)
    fill(storage, "up/", pair.target)
    result = sync(tmp_path / "up", "data:up/", storage=storage, delete=delete, max_delete=1000, rules=rules)
    assert result.is_complete
    assert blobs(storage, "up/") == expected

    write(tmp_path / "down", pair.target)
    fill(storage, "down/", pair.source)
    sync("data:down/", tmp_path / "down", storage=storage, delete=delete, max_delete=1000, rules=rules)
    assert read(tmp_path / "down") == expected

    fill(storage, "there/", pair.target)
    sync("data:down/", "data:there/", storage=storage, delete=delete, max_delete=1000, rules=rules)
    assert blobs(storage, "there/") == expected
    if delete:
        assert not list(check(tmp_path / "up", "data:up/", storage=storage, rules=rules))
        assert not list(check("data:down/", tmp_path / "down", storage=storage, rules=rules))
