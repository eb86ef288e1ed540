"""`storage-tui token` and `storage-tui quota`: what operators type, and what they are told."""

import base64
import json
import os

import pytest

from tests.server.running import running_server


@pytest.fixture
def data_dir(tmp_path):
    return str(tmp_path / "served")


def rows(run, data_dir):
    listed = run("token", "list", "--json", "--data-dir", data_dir).stdout.splitlines()
    return [json.loads(line) for line in listed]


def test_tokens_are_made_listed_and_revoked(run, data_dir):
    token = run("token", "create", "ann", "--data-dir", data_dir).stdout.decode().strip()
    run("token", "create", "bob", "--types", "data,log", "--verbs", "list,read", "--prefix", "maps/", "--valid", "2h",
        "--data-dir", data_dir)  # fmt: skip
    login = run("token", "create", "ann", "--login", "--data-dir", data_dir)
    assert b"descarteslabs auth login" in login.stderr and login.stdout.count(b"\n") == 1
    refresh_token = json.loads(base64.urlsafe_b64decode(login.stdout.strip() + b"=="))["refresh_token"]
    assert b"does not name its server" in login.stderr
    listed = rows(run, data_dir)
    assert [(row["user"], row["kind"], row["state"]) for row in listed] == [
        ("ann", "token", "good"), ("ann", "login", "good"), ("bob", "token", "good"),
    ]  # fmt: skip
    assert listed[2]["for"] == "list, read in data, logs below 'maps/'"
    shown = run("token", "list", "--data-dir", data_dir).stdout.decode()
    for secret in (token, token.rpartition(".")[2], refresh_token, refresh_token.partition(".")[2]):
        assert secret not in shown
    assert b"of bob" in run("token", "revoke", listed[2]["id"], "--data-dir", data_dir).stderr
    assert b"2 listed" in run("token", "revoke", "--user", "ann", "--data-dir", data_dir).stderr
    assert {row["state"] for row in rows(run, data_dir)} == {"revoked"}


def test_a_login_names_the_server_that_renews_it(run, data_dir):
    made = run("token", "create", "ann", "--login", "--url", "https://lab.example", "--data-dir", data_dir)
    assert b"does not name its server" not in made.stderr
    content = json.loads(base64.urlsafe_b64decode(made.stdout.strip() + b"=="))
    assert content["iam_url"] == "https://lab.example/storage/v1"
    for words, reason in ((("--url", "https://x/"), b"goes with --login"), (("--login", "--url", "x"), b"not the URL")):
        assert reason in run("token", "create", "ann", *words, "--data-dir", data_dir, code=2).stderr


def test_what_no_token_can_be_is_said_in_one_line(run, data_dir):
    assert (
        b"one of list, read" in run("token", "create", "ann", "--verbs", "reed", "--data-dir", data_dir, code=2).stderr
    )
    assert b"shows the ids" in run("token", "revoke", "nope", "--data-dir", data_dir, code=3).stderr
    assert b"give a token id" in run("token", "revoke", "--data-dir", data_dir, code=2).stderr
    assert (
        b"from a file, or over https"
        in run("serve", "--jwks", "http://idp.test/x", "--data-dir", data_dir, code=1).stderr
    )
    assert b"belong to --jwks" in run("serve", "--audience", "x", "--data-dir", data_dir, code=2).stderr


def test_keys_are_replaced_and_old_ones_forgotten(run, data_dir):
    first = run("token", "create", "ann", "--data-dir", data_dir).stdout
    assert b"rotate-keys --forget-old" in run("token", "rotate-keys", "--data-dir", data_dir).stderr
    second = run("token", "create", "ann", "--data-dir", data_dir).stdout
    assert first.split(b".")[0] != second.split(b".")[0]
    assert b"refused from now on" in run("token", "rotate-keys", "--forget-old", "--data-dir", data_dir).stderr


def test_quotas_are_set_shown_and_taken_from_a_file(run, data_dir, tmp_path):
    run("quota", "set", "--bytes", "10G", "--data-dir", data_dir)
    shown = run("quota", "set", "ann", "--type", "tmp", "--blobs", "5k", "--bytes", "none", "--requests", "list=600",
                "--concurrent", "9", "--data-dir", data_dir).stdout.decode()  # fmt: skip
    assert "tmp       5,000 blobs" in shown and "600 requests a minute" in shown and "9 requests at once" in shown
    saved = run("quota", "show", "--json", "--data-dir", data_dir).stdout
    assert json.loads(saved)["default"] == {"types": {"*": {"bytes": 10_000_000_000}}}
    (tmp_path / "limits.toml").write_text('[default.types."*"]\nbytes = 5000\n')
    run("quota", "load", "limits.toml", "--data-dir", data_dir)
    assert "5.0 kB" in run("quota", "show", "ann", "--data-dir", data_dir).stdout.decode()
    (tmp_path / "saved.json").write_bytes(saved)
    run("quota", "load", "saved.json", "--data-dir", data_dir)
    assert run("quota", "show", "--json", "--data-dir", data_dir).stdout == saved
    (tmp_path / "bad.json").write_text('{"default": {"bytes": 5}}')
    for arguments, code, words in (
        (("load", "bad.json"), 1, b"'bytes', which is not one of types"), (("set",), 2, b"name what to limit"),
        (("set", "--bytes", "ten"), 2, b"not an amount"), (("set", "--requests", "fly=1"), 2, b"one of list"),
    ):  # fmt: skip
        assert words in run("quota", *arguments, "--data-dir", data_dir, code=code).stderr
    assert run("quota", "show", "--json", "--data-dir", data_dir).stdout == saved


@pytest.fixture
def loose():
    """The umask that most people have."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose")
@pytest.mark.parametrize("kind", [(), ("--login", "--url", "{url}")])
def test_a_token_goes_to_a_file_that_the_client_takes(run, tmp_path, kind):
    with running_server(tmp_path / "served") as server:
        words = [word.format(url=server.url) for word in kind]
        place = ("--data-dir", str(tmp_path / "served"))
        told = run("token", "create", "ada", *words, "--out", "ada.secret", *place)
        assert told.stdout == b"" and b"--token-file ada.secret" in told.stderr
        assert (tmp_path / "ada.secret").stat().st_mode & 0o777 == 0o600
        run("--url", server.url, "--token-file", "ada.secret", "put", "-", "x", stdin=b"1")
        assert run("cat", "x", "--url", server.url, "--token-file", "ada.secret").stdout == b"1"


@pytest.mark.usefixtures("loose")
def test_a_file_that_exists_is_not_overwritten_and_no_token_is_made(run, tmp_path, data_dir):
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "folder").mkdir()
    for name, words, reason in (
        ("there", (), b"exists and was not overwritten"), ("link", (), b"exists"), ("folder", (), b"exists"),
        ("link", ("--force",), b"not a regular file of yours"), ("folder", ("--force",), b"not a regular file"),
    ):  # fmt: skip
        done = run("token", "create", "ada", "--out", name, *words, "--data-dir", data_dir, code=4)
        assert reason in done.stderr and done.stdout == b""
    assert b"No such file" in run("token", "create", "ada", "--out", "no/file", "--data-dir", data_dir, code=1).stderr
    assert (tmp_path / "there").read_text() == "mine"
    assert rows(run, data_dir) == []
    run("token", "create", "ada", "--out", "there", "--force", "--data-dir", data_dir)
    assert (tmp_path / "there").read_text().count(".") == 2
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "served", "there"]
