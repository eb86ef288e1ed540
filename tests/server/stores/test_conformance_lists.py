"""What every Store promises of lists and sums: byte order, folding at the delimiter, pages that miss nothing."""

import asyncio
import random
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.models import Usage
from tests.server.stores.engines import ALICE, ENGINES, Stage

ALPHABET = ("a", "b", "/", "//", "0", ".", "%", "_", "\u00e9", "e\u0301", "\u00ff", "\U0010fffd", "-")
keys = st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=6).map("".join)
prefixes = (
    st.lists(st.sampled_from(ALPHABET), max_size=3).map("".join).filter(lambda text: text == "" or is_key(text + "x"))
)


def is_key(text: str) -> bool:
    return not {".", ".."} & set(text.split("/"))


def model_page(
    stored: dict[str, int], prefix: str, delimiter: str, after: str, limit: int
) -> tuple[list[str], list[str], str | None]:
    """The same list, made the slow way from a dict of keys and sizes."""
    entries: dict[str, bool] = {}
    for key in stored:
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            entries[key if cut == -1 else key[: cut + len(delimiter)]] = cut == -1
    names = [name for name in sorted(entries, key=str.encode) if name.encode() > after.encode()]
    shown, rest = names[:limit], names[limit:]
    blobs = [name for name in shown if entries[name]]
    return blobs, [name for name in shown if not entries[name]], shown[-1] if rest else None


async def entries_by_columns(
    stage: Stage, prefix: str, delimiter: str, limit: int, page_limit: int
) -> list[tuple[str, int | None]]:
    """Keys with their sizes and child prefixes with None, by as many calls as it takes; each page goes on where the one
    before ended."""
    found: list[tuple[str, int | None]] = []
    after: str | None = ""
    while after is not None:
        pages = await stage.store.list_columns(
            stage.namespace, "data", prefix=prefix, delimiter=delimiter, after=after, limit=limit, page_limit=page_limit
        )
        assert all(page.names for page in pages) or found == []
        assert max(len(page.names) for page in pages) <= page_limit
        assert sum(len(page.names) for page in pages) <= limit
        for page in pages:
            folders = set(page.prefixes)
            sizes = [None if place in folders else size for place, size in enumerate(page.sizes)]
            found += zip((prefix + name for name in page.names), sizes, strict=True)
            assert page.next_token in (None, found[-1][0] if found else None)
        after = pages[-1].next_token
    return found


def model_usage(stored: dict[str, int], prefix: str) -> tuple[int, int]:
    sizes = [size for key, size in stored.items() if key.startswith(prefix)]
    return len(sizes), sum(sizes)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, tmp_path_factory.mktemp("engine")


@given(st.sets(keys.filter(is_key), max_size=30), prefixes, st.sampled_from(["", "/"]), prefixes, st.integers(1, 8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lists_and_sums_are_those_of_the_naive_model(
    engine: tuple[str, Path], chosen: set[str], prefix: str, delimiter: str, after: str, limit: int
) -> None:
    name, folder = engine

    async def compare() -> None:
        stage = Stage(ENGINES[name], folder, namespace=secrets.token_hex(20))
        await stage.start()
        try:
            stored = {key: len(key) for key in chosen}
            await asyncio.gather(*(stage.put(key, b"x" * size) for key, size in stored.items()))
            token: str | None = after
            while token is not None:
                page = await stage.store.list_page(
                    stage.namespace, "data", prefix=prefix, delimiter=delimiter, after=token, limit=limit
                )
                expected = model_page(stored, prefix, delimiter, token, limit)
                assert ([blob.key for blob in page.blobs], list(page.prefixes), page.next_token) == expected
                token = page.next_token
            blobs, folders, _ = model_page(stored, prefix, delimiter, "", 1000)
            entries: dict[str, int | None] = {key: stored[key] for key in blobs} | dict.fromkeys(folders)
            assert await entries_by_columns(stage, prefix, delimiter, 2 * limit, limit) == sorted(entries.items())
            usage = await stage.store.usage(stage.namespace, "data", prefix=prefix, delimiter=delimiter)
            assert (usage.count, usage.size_bytes) == model_usage(stored, prefix)
            assert [child.prefix for child in usage.children] == folders
            for child in usage.children:
                assert (child.count, child.size_bytes) == model_usage(stored, child.prefix)
        finally:
            await stage.store.close()

    asyncio.run(compare())


async def test_thousands_of_keys_in_folders_come_in_pages_that_match_the_model(stage: Stage) -> None:
    chance = random.Random(7)
    stored = {
        "/".join(
            f"{chance.choice('abcé')}{chance.randrange(12)}" for _ in range(chance.randrange(1, 5))
        ): chance.randrange(9)
        for _ in range(int(4000 * stage.engine.writes))
    }
    await asyncio.gather(*(stage.put(key, b"x" * size) for key, size in stored.items()))
    assert await stage.keys() == sorted(stored, key=str.encode)
    for prefix in ("", "a1", "a1/", "b", "é11/", "nothing/"):
        for delimiter in ("", "/"):
            for limit in (1000, 37):
                after = ""
                while True:
                    page = await stage.store.list_page(
                        ALICE, "data", prefix=prefix, delimiter=delimiter, after=after, limit=limit
                    )
                    found = [blob.key for blob in page.blobs], list(page.prefixes), page.next_token
                    assert found == model_page(stored, prefix, delimiter, after, limit)
                    if page.next_token is None:
                        break
                    after = page.next_token


async def test_a_key_that_stays_is_listed_once_while_others_come_and_go(stage: Stage) -> None:
    staying = [f"{number:03}" for number in range(0, 300, 3)]
    await asyncio.gather(*(stage.put(key) for key in staying))
    seen: list[str] = []
    after = ""
    for turn in range(1000):
        page = await stage.store.list_page(ALICE, "data", after=after, limit=7)
        seen += [blob.key for blob in page.blobs]
        if page.next_token is None:
            break
        after = page.next_token
        await stage.put(f"{(turn * 37) % 300:03}")
        if (gone := f"{(turn * 37 + 38) % 300:03}") not in staying:
            await stage.store.delete_many(ALICE, "data", [(gone, None)])
    assert sorted(key for key in seen if key in staying) == staying
    assert len(seen) == len(set(seen))


async def test_a_prefix_is_text_and_not_a_pattern(stage: Stage) -> None:
    for key in ("a%", "a_", "ab", "a*", "A%x", "a%x"):
        await stage.put(key)
    assert await stage.keys("a%") == ["a%", "a%x"]
    assert await stage.keys("a_") == ["a_"]
    assert await stage.keys("a*") == ["a*"]


async def test_a_prefix_at_the_end_of_unicode_finds_its_keys_and_no_more(stage: Stage) -> None:
    for key in ("\u00fe", "\u00ff", "\u00ffa", "\u0100", "\U0010fffd", "\U0010fffda"):
        await stage.put(key)
    assert await stage.keys("\u00ff") == ["\u00ff", "\u00ffa"]
    assert await stage.keys("\U0010fffd") == ["\U0010fffd", "\U0010fffda"]


async def test_the_key_of_a_folder_itself_is_listed_inside_it(stage: Stage) -> None:
    for key in ("a", "a/", "a/b", "a//", "a0"):
        await stage.put(key)
    top = await stage.store.list_page(ALICE, "data", delimiter="/", limit=10)
    assert ([blob.key for blob in top.blobs], top.prefixes) == (["a", "a0"], ("a/",))
    inside = await stage.store.list_page(ALICE, "data", prefix="a/", delimiter="/", limit=10)
    assert ([blob.key for blob in inside.blobs], inside.prefixes) == (["a/", "a/b"], ("a//",))
    rest = await stage.store.list_page(ALICE, "data", prefix="a/", delimiter="/", after="a/", limit=10)
    assert ([blob.key for blob in rest.blobs], rest.prefixes) == (["a/b"], ("a//",))


async def test_a_list_tells_everything_that_a_stat_tells(stage: Stage) -> None:
    for storage_type in ("data", "tmp", "products"):
        blob = await stage.store.put(stage.at("k", storage_type), b"x", content_type="text/plain")
        page = await stage.store.list_page(ALICE, storage_type, limit=10)
        untold = {} if stage.engine.lists_everything else {"crc32c": None, "content_type": None}
        assert page.blobs == (replace(blob, **untold),)


async def test_columns_tell_the_times_of_the_details(stage: Stage) -> None:
    for storage_type in ("data", "tmp"):
        for key in ("k", "l/m"):
            await stage.store.put(stage.at(key, storage_type), b"xy")
        page = await stage.store.list_page(ALICE, storage_type, delimiter="/", limit=10)
        [columns] = await stage.store.list_columns(ALICE, storage_type, delimiter="/", limit=10, page_limit=10)
        assert columns == ColumnPage.of(page, "")
        assert (columns.expires is None) == (storage_type == "data")
    with pytest.raises(BadRequestError):
        await stage.store.list_columns(ALICE, "data", limit=0, page_limit=5)


async def test_usage_tells_the_oldest_and_the_newest_write(stage: Stage) -> None:
    await stage.put("a/1", b"123")
    first = stage.clock.now
    stage.clock.advance(hours=1)
    await stage.put("a/2", b"45")
    stage.clock.advance(hours=1)
    await stage.put("direct", b"6")
    usage = await stage.store.usage(ALICE, "data", delimiter="/")
    child = Usage("a/", 2, 5, first, first.replace(hour=first.hour + 1))
    assert usage == Usage("", 3, 6, first, stage.clock.now, (child,))
    assert await stage.store.usage(ALICE, "data", prefix="none") == Usage("none", 0, 0)


async def test_a_page_of_nothing_is_refused(stage: Stage) -> None:
    with pytest.raises(BadRequestError):
        await stage.store.list_page(ALICE, "data", limit=0)
