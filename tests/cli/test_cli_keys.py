"""`aijobs keys`, as an operator uses it in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.server.api_keys import KeyText, read_key

TENANT = "00000000-0000-0000-0000-000000000007"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jobs.db"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["keys", *arguments])


def create(url: str, *more: str) -> KeyText:
    made = read_key(run("create", "--name", "laptop", "--url", url, *more).stdout.strip())
    assert made is not None
    return made


def test_a_key_is_shown_alone_on_standard_output_and_said_to_be_shown_once(url: str) -> None:
    made = run("create", "--name", "laptop", "--url", url)
    assert read_key(made.stdout.strip()) is not None
    assert made.stderr == "Keep it now: it will not be shown again.\n"


def test_a_key_as_json_holds_what_it_is_for(url: str) -> None:
    options = ["--tenant", TENANT, "--scope", "read", "--scope", "operate", "--expires", "90d", "--json"]
    made = json.loads(run("create", "--name", "laptop", "--url", url, *options).stdout)
    assert (made["name"], made["tenant_id"], made["scopes"]) == ("laptop", TENANT, ["operate", "read"])
    assert made["key"].startswith(f"aij_{made['id']}_")
    assert made["expires_at"] > made["created_at"]


def test_a_list_shows_every_key_and_nothing_that_could_be_used(url: str) -> None:
    made = create(url, "--tenant", TENANT)
    listed = run("list", "--url", url).stdout
    fields = listed.rstrip("\n").split("\t")
    assert (*fields[:4], *fields[5:]) == (made.key_id, "laptop", TENANT, "read,write", "never expires", "valid")
    assert made.secret not in listed


def test_a_list_as_json_holds_no_digest(url: str) -> None:
    create(url)
    [key] = json.loads(run("list", "--json", "--url", url).stdout)
    assert "digest" not in key
    assert key["state"] == "valid"


def test_a_list_may_be_of_one_tenant(url: str) -> None:
    create(url)
    ours = create(url, "--tenant", TENANT)
    [key] = json.loads(run("list", "--tenant", TENANT, "--json", "--url", url).stdout)
    assert key["id"] == ours.key_id


def test_a_revoked_key_is_listed_as_such_and_cannot_be_revoked_again(url: str) -> None:
    made = create(url)
    assert run("revoke", made.key_id, "--url", url).stdout == f"{made.key_id}: revoked\n"
    assert run("list", "--url", url).stdout.endswith("\trevoked\n")
    assert run("revoke", made.key_id, "--url", url).exit_code == 2


def test_a_key_that_leaked_is_revoked_by_its_whole_text_which_is_not_repeated(url: str) -> None:
    leaked = run("create", "--name", "laptop", "--url", url).stdout.strip()
    revoked = run("revoke", leaked, "--url", url)
    assert revoked.stdout == f"{leaked.split('_')[1]}: revoked\n"
    assert "\trevoked\n" in run("list", "--url", url).stdout


def test_a_key_that_has_run_out_is_listed_as_expired(url: str) -> None:
    create(url, "--expires", "0s")
    assert run("list", "--url", url).stdout.endswith("\texpired\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["revoke", "nobodys"], "There is no such key"),
        (["revoke", "\udcff"], "There is no such key"),
        (["create", "--name", ""], "`name` must be 1 to 100 characters"),
        (["create", "--name", "a\tb"], "`name` must be 1 to 100 characters, in one line"),
        (["create", "--name", "\udcff"], "`name` must be 1 to 100 characters, in one line"),
        (["create", "--name", "a", "--scope", "all"], "'all' is not one of"),
        (["create", "--name", "a", "--expires", "soon"], "--expires takes a number and a unit"),
        (["create", "--name", "a", "--expires", "99999999999d"], "`expires` is past the end of the calendar"),
    ],
)
def test_bad_input_is_named_and_ends_with_code_2(url: str, arguments: list[str], message: str) -> None:
    Path(url.removeprefix("sqlite:///")).touch()
    ended = run(*arguments, "--url", url)
    assert (ended.exit_code, message in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize("url", ["memory://", "http://127.0.0.1:8765"])
@pytest.mark.parametrize("command", [["create", "--name", "a"], ["list"], ["revoke", "a"]], ids=lambda one: one[0])
def test_keys_are_kept_in_databases_alone(command: list[str], url: str) -> None:
    refused = run(*command, "--url", url)
    assert (refused.exit_code, "Say which database" in refused.stderr) == (2, True), refused.stderr
