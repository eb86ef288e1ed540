"""verify, backup, restore, audit and doctor as a person runs them: what they say, and their exit codes."""

import asyncio
import json
from pathlib import Path

import apsw

from storage_tui.server.http.grants import namespace_of
from storage_tui.server.run.engine import open_local
from storage_tui.server.stores.base import Address
from storage_tui.server.upkeep.verifying import is_served

CONTENT = bytes(range(256)) * 1000


def store_of(home):
    return Path(home["STORAGE_TUI_HOME"]) / "data"


def put(run, key, content=CONTENT):
    run("put", "-", key, "--force", stdin=content)


def damage(home, size):
    [path] = (path for path in (store_of(home) / "blobs").glob("*/*") if path.stat().st_size == size)
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def test_a_backup_comes_back_in_an_empty_directory(run, tmp_path):
    put(run, "a/b\u202e.bin")
    put(run, "small", b"1")
    assert b"all good" in run("verify").stdout
    out = run("backup", "kept").stdout.decode()
    assert out.startswith("snapshot ")
    assert "are new in files" in out
    assert b"0 of them, 0 B" in run("backup", "kept", "--keep", "1").stdout
    assert len(list((tmp_path / "kept" / "snapshots").iterdir())) == 1
    assert b"all good" in run("verify", "--backup", "kept").stdout
    assert b"is in" in run("restore", "kept", "--data-dir", "new").stdout
    assert run("cat", "a/b\u202e.bin", "--data-dir", "new").stdout == CONTENT
    assert b"not empty" in run("restore", "kept", "--data-dir", "new", code=4).stderr


def test_damage_is_one_line_each_and_an_exit_code(run, home, tmp_path):
    put(run, "bad\u202e", CONTENT + b"!")
    damage(home, len(CONTENT) + 1)
    found = run("verify", code=1)
    assert found.stdout.decode().splitlines()[0].startswith("damaged  data:bad\u202e of user local (blobs/")
    assert b"restore it from a backup" in found.stderr
    rows = [json.loads(line) for line in run("verify", "--json", code=1).stdout.splitlines()]
    assert (rows[0]["key"], rows[0]["user"]) == ("bad\u202e", "local")
    assert rows[-1]["found"] == {"damaged": 1}
    told = run("backup", "kept", code=6)
    assert b"not in this snapshot, as damaged in the store: 1 blob" in told.stderr
    assert b"storage-tui: damaged" in told.stderr
    refused = run("restore", "kept", "--data-dir", "new", code=1)
    assert b"--skip-damaged" in refused.stderr
    assert run("restore", "kept", "--data-dir", "new", "--skip-damaged", code=6).stdout.startswith(b"snapshot ")
    put(run, "bad\u202e", b"good again")


def test_what_is_damaged_names_the_user_where_a_token_tells_who_it_is(run, home, tmp_path):
    data_dir = tmp_path / "of others"
    run("token", "create", "ada", "--data-dir", str(data_dir))
    key, content = "scene", b"x" * 200_000
    asyncio.run(store_for(data_dir, {"ada": key, "nobody known": "other"}, content))
    for path in (data_dir / "blobs").glob("*/*"):
        path.write_bytes(b"y" + content[1:])
    run("backup", str(tmp_path / "kept of others"), "--data-dir", str(data_dir), code=6)
    rows = sorted(run("verify", "--data-dir", str(data_dir), code=1).stdout.decode().splitlines()[:2])
    assert f"data:other of namespace {namespace_of('nobody known')[:12]} " in rows[0]
    assert "data:scene of user ada " in rows[1]
    told = run("verify", "--json", "--data-dir", str(data_dir), code=1).stdout.splitlines()[:2]
    assert {row["key"]: row.get("user") for row in map(json.loads, told)} == {"scene": "ada", "other": None}


async def store_for(data_dir, keys, content):
    """A blob for each user, stored by the engine itself."""
    engine = open_local(data_dir, owner_note={})
    await engine.store.start()
    for user, key in keys.items():
        await engine.store.put(Address(namespace_of(user), "data", key), content)
    await engine.store.close()


def test_a_damaged_backup_names_the_user_too(run, tmp_path):
    data_dir, kept = tmp_path / "mine", tmp_path / "kept copy"
    run("token", "create", "ada", "--data-dir", str(data_dir))
    asyncio.run(store_for(data_dir, {"ada": "scene"}, CONTENT))
    run("backup", str(kept), "--data-dir", str(data_dir))
    [path] = (path for path in (kept / "blobs").glob("*/*"))
    path.chmod(0o600)
    path.write_bytes(b"!" + CONTENT[1:])
    assert b"data:scene of user ada" in run("verify", "--backup", str(kept), code=1).stdout


def test_what_cannot_be_is_one_line(run, home, tmp_path):
    put(run, "k", b"1")
    for args, why, code in (
        (("backup", str(store_of(home) / "inside")), b"overlap; name another", 4),
        (("verify", "--data-dir", "nothing"), b"there is no store", 3),
        (("verify", "--backup", "nothing"), b"not a backup", 3),
        (("verify", "--user", "ann"), b"works only with --store", 2),
        (("restore", "nothing", "--data-dir", "new"), b"not a backup", 3),
        (("backup", "kept", "--keep", "0"), b"0 is not in the range", 2),
        (("audit", "--data-dir", "nothing"), b"no store", 3),
        (("serve", "--tls-cert", "x"), b"belong together", 2),
        (("serve", "--tls-cert", "x", "--tls-key", "y", "--data-dir", "d"), b"cannot serve TLS", 1),
        (("serve", "--metrics-token-file", "none", "--data-dir", "d"), b"cannot read none", 1),
        (("serve", "--access-log", "no/such/place", "--port", "0", "--data-dir", "d"), b"cannot write the access", 1),
        (("serve", "--trust-proxy", "x", "--data-dir", "d"), b"a trusted proxy is an address or a network", 1),
    ):
        result = run(*args, code=code)
        assert why in result.stderr, (args, result.stderr)
        assert result.stdout == b""


def test_the_audit_log_tells_what_was_deleted(run):
    put(run, "gone\u202e", b"1")
    run("rm", "gone\u202e", "--yes")
    line = run("audit", "--since", "5m").stdout.decode().splitlines()[-1]
    assert " local data:gone\u202e " in line
    raw = json.loads(run("audit", "--json", "--user", "local").stdout.splitlines()[-1])
    assert (raw["type"], raw["key"]) == ("data", "gone\u202e")
    assert raw["request"] in line
    assert run("audit", "--user", "nobody").stdout == b""


def test_doctor_is_content_with_a_fresh_machine_and_not_with_a_bad_one(run, home, tmp_path):
    put(run, "k", b"1")
    good = run("doctor").stdout.decode()
    assert {line.split()[0] for line in good.splitlines()} <= {"ok", "warn"}
    for name in ("sqlite", "data", "disk", "database", "permissions", "server"):
        assert f" {name} " in good
    record = next((store_of(home) / "records").rglob("*.record"))
    record.chmod(0o644)
    bad = run("doctor", code=1)
    assert f"others may read {record}".encode() in bad.stdout
    record.chmod(0o600)
    run("config", "--write")
    written = Path(home["STORAGE_TUI_HOME"]) / "config" / "config.toml"
    written.chmod(0o666)
    assert f"others may write {written}".encode() in run("doctor", code=1).stdout
    written.chmod(0o644)
    run("doctor")
    token = tmp_path / "token"
    token.write_text("x.eyJleHAiOjF9.x")
    token.chmod(0o600)
    rows = run("doctor", "--url", "http://127.0.0.1:9/storage/v1", "--token-file", str(token), "--json", code=1).stdout
    lines = {row["name"]: row for row in map(json.loads, rows.splitlines())}
    assert lines["token"]["level"] == "fail"
    assert "expired at 1970-01-01" in lines["token"]["text"]
    assert lines["server"]["level"] == "fail"
    assert lines["server"]["advice"]


def test_rows_and_records_that_cannot_be_are_one_line_each_and_repaired(run, home):
    put(run, "whole")
    put(run, "bad", b"small")
    run("token", "create", "ann")
    token_id = json.loads(run("token", "list", "--json").stdout.splitlines()[0])["id"]
    (store_of(home) / "records" / "tokens" / f"{token_id}.record").write_bytes(b"{")
    connection = apsw.Connection(str(store_of(home) / "meta.db"))
    connection.set_busy_timeout(10_000)
    connection.execute("UPDATE keys SET key = x'62ff0a1b5d' WHERE key = ?", (b"bad",))
    connection.close()
    told = run("verify", code=1)
    lines = told.stdout.decode().splitlines()
    assert lines[0] == "row      data:b\\xff\\n\\x1b] of user local (meta.db): its key is not UTF-8"
    assert lines[1].startswith(f"record   records/tokens/{token_id}: ")
    assert len(lines) == 3
    assert b"--repair" in told.stderr and b"Traceback" not in told.stderr
    assert b"whole" in run("ls").stdout
    assert token_id.encode() not in run("token", "list").stdout
    wait_until_left(home)
    lines = run("verify", "--repair").stdout.decode().splitlines()
    assert lines[0].endswith("; kept as data:recovered/b\\xff\\n\\x1b]")
    assert "set aside as set-aside/" in lines[1]
    assert lines[2].endswith("all good")
    assert run("cat", "recovered/b\\xff\\n\\x1b]").stdout == b"small"
    assert b"works only on a data directory" in run("verify", "--repair", "--backup", "kept", code=2).stderr


def wait_until_left(home):
    """Until the server that the commands started has gone."""
    while is_served(store_of(home)):
        pass
