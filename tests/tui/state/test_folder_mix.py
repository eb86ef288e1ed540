"""The mix of types of a folder: by ending, by bytes, honest about what it covers."""

import pytest

from storage_tui.contract.models import Blob
from storage_tui.tui.state.folder_mix import COUNTED, SHOWN, Mix, ending


@pytest.mark.parametrize(
    "key, expected",
    [("a/b.TIF", ".tif"), ("x.tar.gz", ".tar.gz"), (".hidden", "no ending"), ("a.b/plain", "no ending"),
     ("a." + "z" * 40, "no ending"), ("folder/", "no ending")],
)  # fmt: skip
def test_the_ending_of_a_key(key: str, expected: str) -> None:
    assert ending(key) == expected


def test_kinds_are_listed_by_bytes_and_the_rest_is_summed() -> None:
    mix = Mix()
    mix.add(Blob(f"b.t{number}", "data", size_bytes=number * 1000) for number in range(SHOWN + 3))
    rows = mix.rows()
    assert rows[0] == (".t10", "1", "10.0 kB")
    assert rows[-1] == ("3 more", "3", "3.0 kB")


def test_what_was_not_looked_at_is_said() -> None:
    mix = Mix()
    mix.add(Blob(f"{number}.csv", "data", size_bytes=1) for number in range(COUNTED + 5))
    assert mix.rows() == [(".csv", "10,000", "10.0 kB")]
    assert mix.coverage(COUNTED + 5) == "of the first 10,000"
    assert mix.coverage(COUNTED) == ""
