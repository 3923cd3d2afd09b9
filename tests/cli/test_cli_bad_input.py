"""Whatever is wrong with the input: one message that names it, exit code 2, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aijobs_sdk.cli.commands import aijobs

RUN = ["--prompt", "{q}", "--model", "gpt-5.2", "--out", "out.jsonl"]
COMMANDS = ["status", "resume", "pause", "cancel", "delete"]
LONG = "word " * 300_000
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a good file in it."""
    monkeypatch.chdir(tmp_path)
    rows = [{"q": f"Question {number}"} for number in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def but(option: str, value: str) -> list[str]:
    """The options of a good run, but for one."""
    place = RUN.index(option) + 1
    return [*RUN[:place], value, *RUN[place + 1 :]]


def invoke(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(aijobs, list(arguments), env=environment)


def assert_refused(result: Result, message: str, folder: Path, files: Sequence[str] = ("rows.jsonl",)) -> None:
    """One message on standard error, and the folder as it was."""
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert sorted(path.name for path in folder.rglob("*")) == sorted(files)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["", "--model", "gpt-5.2"], "`payload.prompt`"),
        (["\udce9", "--model", "gpt-5.2"], "`payload.prompt` is no text in UTF-8, got a text of 1 characters"),
        (["Hi", "--model", "gpt-5"], "Did you mean 'gpt-5.2'?"),
        (["Hi"], "`payload.model` is required"),
        ([LONG * 2, "--model", "gpt-5.2"], "reads at most 400,000"),
        (["Hi", "--model", "gpt-image-1.5"], "which makes images"),
        (["Hi", "--type", "ai_genration"], "Did you mean 'ai_generation'?"),
        (["--payload", "missing.json"], "Cannot read the payload file missing.json: No such file"),
        (["--payload", "."], "Cannot read the payload file .: Is a directory"),
        (["Hi", "--url", "ftp://x"], "Cannot connect to a ftp: address"),
        (["Hi", "--profile", "slow"], "'slow' is not one of 'instant', 'fast', 'typical', 'stress'"),
        (["Hi", "--seed", "x"], "'x' is not a valid integer"),
    ],
)
def test_submit_refuses(folder: Path, arguments: Sequence[str], message: str) -> None:
    assert_refused(invoke("submit", *arguments), message, folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "payload.json is not JSON: Expecting property name"),
        (b"[]", "payload.json should hold a JSON object"),
        (b'{"a": "\xe9"}', "payload.json is not UTF-8 text"),
        pytest.param(b'{"a": %s}' % (b"9" * 5_000), "holds a whole number of too many digits.", id="digits"),
        pytest.param(b'{"a": %s}' % (b"[" * 100_000), "payload.json is nested too deep.", id="deep"),
        (
            b'{"prompt": "Hi", "model": "gpt-5.2", "temprature": 1}',
            "`payload.temprature` is not a field of this type",
        ),
    ],
)
def test_submit_refuses_a_payload_file(folder: Path, content: bytes, message: str) -> None:
    (folder / "payload.json").write_bytes(content)
    result = invoke("submit", "--payload", "payload.json")
    assert_refused(result, message, folder, ["rows.jsonl", "payload.json"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (but("--prompt", "{question}"), "there is no column 'question'. Known: q."),
        (but("--prompt", "{Q}"), "there is no column 'Q'"),
        (but("--prompt", "{"), "`prompt` is not a template"),
        (but("--prompt", "{}"), "has a hole {} that names no column"),
        (but("--prompt", "{0}"), "has a hole {0} that names no column"),
        (but("--prompt", "{q.__class__}"), "has a hole {q.__class__} that names no column"),
        (but("--prompt", "{q[0][x]}"), "{q[0][x]} finds nothing at [0]"),
        (but("--prompt", ""), "Row 1 (index 0): the prompt is empty"),
        (but("--model", "gpt-5"), "Did you mean 'gpt-5.2'?"),
        ([*RUN, "--out", "missing/out.csv"], "There is no folder 'missing'. Create it first."),
        ([*RUN, "--out", "out.txt"], "its name should end in .jsonl, .csv, .parquet"),
        ([*RUN, "--out", "."], "its name should end in"),
        ([*RUN, "--usage-dir", "rows.jsonl"], "rows.jsonl is a file. Choose another name."),
        ([*RUN, "--usage-dir", "rows.jsonl/usage"], "rows.jsonl is a file. Choose another name."),
        ([*RUN, "--concurrency", "0"], "0 is not in the range x>=1"),
        ([*RUN, "--profile", "slow"], "'slow' is not one of"),
        ([*RUN, "--url", "ftp://x"], "Cannot connect to a ftp: address"),
        (["--prompt", "{q}"], "Missing option '--model'"),
        ([*RUN, "--model", "gpt-5"], "Did you mean 'gpt-5.2'?"),
        ([*RUN, "--budget", "much"], "`budget`"),
        ([*RUN, "--budget", "-1"], "`budget`"),
        ([*RUN, "--deadline", "0"], "`deadline`"),
        ([*RUN, "--row-timeout", "0"], "`row_timeout`"),
        ([*RUN, "--temperature", "9"], "temperature"),
        ([*RUN, "--max-tokens", "0"], "max_tokens"),
        ([*RUN, "--id", "number"], "number"),
        ([*RUN, "--on-null", "zero"], "'zero' is not one of 'error', 'skip'"),
        ([*RUN, "--detach"], "A batch needs a `name`"),
        ([*RUN, "--detach", "--name", "x"], "jobs in `memory://` are known to this process alone"),
    ],
)
def test_batch_refuses(folder: Path, arguments: Sequence[str], message: str) -> None:
    assert_refused(invoke("batch", "rows.jsonl", *arguments), message, folder)


@pytest.mark.parametrize("name", ["missing.jsonl", "rows.txt", "."])
def test_batch_refuses_a_file_it_cannot_read(folder: Path, name: str) -> None:
    assert_refused(invoke("batch", name, *RUN), name, folder)


def test_batch_names_the_line_that_is_broken(folder: Path) -> None:
    lines = (folder / "rows.jsonl").read_text().splitlines()
    (folder / "rows.jsonl").write_text("\n".join([*lines[:36], '{"q": ', *lines[36:]]))
    assert_refused(invoke("batch", "rows.jsonl", *RUN), "Line 37 of rows.jsonl is not JSON", folder)


def test_batch_names_the_row_whose_prompt_is_empty(folder: Path) -> None:
    lines = (folder / "rows.jsonl").read_text().splitlines()
    (folder / "rows.jsonl").write_text("\n".join([*lines[:16], '{"q": ""}', *lines[16:]]))
    assert_refused(invoke("batch", "rows.jsonl", *RUN), "Row 17 (index 16): the prompt is empty", folder)


def test_batch_names_the_row_whose_prompt_is_too_long(folder: Path) -> None:
    lines = (folder / "rows.jsonl").read_text().splitlines()
    (folder / "rows.jsonl").write_text("\n".join([*lines[:59], json.dumps({"q": LONG * 2})]))
    result = invoke("batch", "rows.jsonl", *RUN)
    assert_refused(result, "Row 60 (index 59) cannot be sent: ", folder)
    assert "reads at most 400,000" in result.stderr


def test_batch_names_the_row_whose_model_is_unknown(folder: Path) -> None:
    rows = [{"q": "Hi", "model": model} for model in ["gpt-5.2"] * 4 + ["gpt-5"]]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    result = invoke("batch", "rows.jsonl", *but("--model", "{model}"))
    assert_refused(result, "Row 5 (index 4) cannot be sent: ", folder)
    assert "Did you mean 'gpt-5.2'?" in result.stderr


def test_batch_refuses_a_folder_as_its_output(folder: Path) -> None:
    (folder / "out.jsonl").mkdir()
    result = invoke("batch", "rows.jsonl", *RUN)
    assert_refused(result, "out.jsonl is a folder", folder, ["out.jsonl", "rows.jsonl"])


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AI_MOCK_MODE", "maybe", "AI_MOCK_MODE must be true or false"),
        ("AIJOBS_TENANT_ID", "nonsense", "AIJOBS_TENANT_ID must be a UUID"),
        ("AIJOBS_URL", "ftp://x", "Cannot connect to a ftp: address"),
        ("AIJOBS_LOG", "loud", "AIJOBS_LOG must be a log level"),
        ("AIJOBS_LOG_FORMAT", "xml", "AIJOBS_LOG_FORMAT must be text or json"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(folder: Path, variable: str, value: str, message: str) -> None:
    assert_refused(invoke("batch", "rows.jsonl", *RUN, **{variable: value}), message, folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing", "--month", "2026-01"], "missing does not exist"),
        (["rows.jsonl", "--month", "2026-13"], "`month` must be a month such as 2026-01"),
        (["rows.jsonl", "--month", "january"], "`month` must be a month such as 2026-01"),
        (["rows.jsonl", "--month", "2026-01", "--by", "colour"], "colour"),
        ([], "Missing option '--month'"),
    ],
)
def test_usage_report_refuses(folder: Path, arguments: Sequence[str], message: str) -> None:
    assert_refused(invoke("usage", "report", *arguments), message, folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["watch", "x"], "'x' is not a valid UUID"),
        (["watch", NOBODY], "Jobs in `memory://` are known to their own process alone"),
        (["submit", "--no-wait", "--type", "test_job"], "Jobs in `memory://` are known to their own process alone"),
        (["submit", "--no-wait", "--stream"], "--stream waits for the job"),
        (["types", "--job-types", "mytypes"], "takes a module and a name in it, such as 'mytypes:shout'"),
        (["types", "--job-types", "no_such.module:x"], "No module 'no_such.module' in this folder"),
        (["types", "--job-types", "json:dump"], "'json:dump' is no job type"),
        (["types", "--job-types", "..:x"], "takes a module and a name in it, such as 'mytypes:shout'"),
        (["health", "--url", "postgresql://u:pa[ss@h/x"], "no host can be read from it"),
        (["keys", "list", "--url", "http://["], "no host can be read from it"),
        (["worker", "--url", "http://127.0.0.1:8000"], "A worker takes jobs from a database, not from a server"),
        (["serve", "--host", ""], "No host is named: say --host 127.0.0.1"),
        (["worker"], "A worker at `memory://` would have nothing to do"),
        (["worker", "--url", "ftp://x"], "Cannot connect to a ftp: address"),
        (["worker", "--url", "sqlite:///no/such/folder/jobs.db"], "no/such/folder"),
        (["worker", "--concurrency", "0"], "0 is not in the range x>=1"),
        (["worker", "--grace", "-1"], "A grace period is 0 to 86,400 seconds"),
        (["worker", "--grace", "nan"], "A grace period is 0 to 86,400 seconds"),
        (["worker", "--job-types", "json:dump"], "'json:dump' is no job type"),
        (["dlq", "list"], "Jobs in `memory://` are known to their own process alone"),
        (["dlq", "list", "--category", "luck"], "'luck' is not one of 'validation'"),
        (["dlq", "list", "--limit", "0"], "0 is not in the range"),
        (["dlq", "show", "x"], "'x' is not a valid UUID"),
        (["dlq", "replay"], "Name the jobs by their ids, or say --all"),
        (["dlq", "replay", NOBODY, "--all"], "Name the jobs by their ids, or say --all"),
        (["dlq", "replay", NOBODY, "--type", "test_job"], "Filters go with --all"),
        (["dlq", "purge"], "Missing option '--older-than'"),
        (["dlq", "purge", "--older-than", "30"], "takes a number and a unit, such as 30d or 12h, not '30'"),
        (["dlq", "purge", "--older-than", "-1d"], "takes a number and a unit"),
        (["batch"], "Usage: aijobs batch FILE [OPTIONS]"),
        (["batch", "list"], "Jobs in `memory://` are known to their own process alone"),
        (["batch", "status"], "Missing argument 'NAME'"),
        (["batch", "export", "x"], "Missing option '--out'"),
        (["batch", "export", "x", "--out", "x.txt"], "its name should end in .jsonl, .csv, .parquet"),
        (["bach"], "No such command 'bach'"),
        (["submit", "--colour"], "No such option"),
    ],
)
def test_commands_refuse(folder: Path, arguments: Sequence[str], message: str) -> None:
    assert_refused(invoke(*arguments), message, folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_batch_commands_refuse_a_name_that_nobody_knows(folder: Path, command: str) -> None:
    (folder / "jobs.db").touch()
    result = invoke("batch", command, "spring", AIJOBS_URL=f"sqlite:///{folder}/jobs.db")
    message = "No batch 'spring'. `aijobs batch list` shows all there are."
    assert_refused(result, message, folder, ["rows.jsonl", *sorted(path.name for path in folder.glob("jobs.db*"))])


@pytest.mark.parametrize(
    "arguments",
    [
        *(["batch", command, "spring"] for command in COMMANDS),
        ["batch", "list"],
        ["batch", "export", "spring", "--out", "out.jsonl"],
        ["export", "usage", "--out", "usage"],
        ["export", "jobs", "--out", "jobs"],
        ["watch", NOBODY],
        ["dlq", "list"],
        ["dlq", "show", NOBODY],
        ["dlq", "replay", "--all"],
        ["dlq", "purge", "--older-than", "1d", "--yes"],
        ["schedule", "list"],
        ["schedule", "remove", "nightly"],
        ["keys", "list"],
        ["keys", "revoke", "a"],
    ],
    ids=lambda one: " ".join(one[:2]),
)
def test_what_only_reads_makes_no_database(folder: Path, arguments: Sequence[str]) -> None:
    result = invoke(*arguments, "--url", "sqlite:///typo.db")
    assert_refused(result, f"There is no database {folder / 'typo.db'}", folder)
