"""Every line that is written inside a job says which; no line says what the job holds."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, JsonValue

import aijobs_sdk as aijobs
from aijobs_sdk.connect.logs import JsonLines, show_logs
from aijobs_sdk.contract.provider import GenerationRequest

CANARY = "sk-canary-4f1d"
shop_log = logging.getLogger("shop")


class Note(BaseModel):
    """What to write into the log."""

    text: str


@aijobs.job_type("noting")
async def noting(context: aijobs.JobContext, payload: Note) -> Mapping[str, JsonValue]:
    """Log here, after an await, in a task and in a thread."""
    shop_log.info("%s: at once", payload.text)
    await context.clock.sleep(1)
    shop_log.info("%s: later", payload.text)
    await asyncio.create_task(asyncio.to_thread(shop_log.info, "%s: in a thread", payload.text))
    return {}


@aijobs.job_type("noting_in_a_thread")
def noting_in_a_thread(context: aijobs.JobContext, payload: Note) -> Mapping[str, JsonValue]:
    """Log from a handler that blocks."""
    shop_log.info("%s: attempt %d", payload.text, context.attempt)
    return {}


class Kept(logging.Handler):
    """Keeps records as an application's own handler would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    handler.addFilter(aijobs.JobLogFilter())
    shop_log.addHandler(handler)
    shop_log.setLevel(logging.INFO)
    yield handler
    shop_log.removeHandler(handler)


@pytest.fixture(autouse=True)
def _our_log_as_it_was() -> Iterator[None]:
    log = logging.getLogger("aijobs")
    handlers, level = list(log.handlers), log.level
    yield
    log.handlers[:] = handlers
    log.setLevel(level)


FIELDS = ("job_id", "task_id", "tenant_id", "attempt")


def told(record: logging.LogRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in FIELDS}


def fields(job: aijobs.Job) -> dict[str, object]:
    return {
        "job_id": str(job.id),
        "task_id": job.task_id,
        "tenant_id": str(job.tenant_id),
        "attempt": job.attempts,
    }


def test_every_line_inside_a_job_says_which(kept: Kept) -> None:
    with aijobs.mock():
        client = aijobs.Client(job_types=[noting])
        one, other = (client.submit(type="noting", payload={"text": text}).wait() for text in ("one", "other"))
    assert [told(record) for record in kept.records] == [fields(one)] * 3 + [fields(other)] * 3
    assert {record.threadName for record in kept.records} > {"aijobs"}


def test_jobs_at_the_same_time_are_told_apart(kept: Kept) -> None:
    with aijobs.mock():
        client = aijobs.Client(job_types=[noting])
        asked = client.submit_many([client.request(type="noting", payload={"text": str(n)}) for n in range(20)])
        ids = {str(n): str(job.wait().id) for n, job in enumerate(asked)}
    assert len(kept.records) == 60
    assert all(told(one)["job_id"] == ids[one.getMessage().split(":")[0]] for one in kept.records)


def test_a_handler_that_blocks_logs_as_its_job_too(kept: Kept) -> None:
    with aijobs.mock():
        client = aijobs.Client(job_types=[noting_in_a_thread])
        job = client.submit(type="noting_in_a_thread", payload={"text": "x"}).wait()
    assert [told(record) for record in kept.records] == [fields(job)]


def test_outside_of_any_job_the_attributes_are_there_and_empty(kept: Kept) -> None:
    shop_log.info("the shop opens")
    assert [told(record) for record in kept.records] == [dict.fromkeys(FIELDS)]


def crash(environment: Mapping[str, str]) -> aijobs.Job:
    show_logs(environment)
    with aijobs.mock():
        return aijobs.Client(job_types=[failing]).submit(type="failing", payload={"text": CANARY}).wait()


@aijobs.job_type("failing")
async def failing(context: aijobs.JobContext, payload: Note) -> Mapping[str, JsonValue]:
    """Fail as user code does, with everything it knows in the message."""
    raise RuntimeError(f"Authorization: Bearer {payload.text}")


def test_lines_of_text_end_with_the_jobs_fields(capsys: pytest.CaptureFixture[str]) -> None:
    job = crash({"AIJOBS_LOG": "error"})
    [line] = capsys.readouterr().err.splitlines()
    assert " ERROR aijobs.worker handler of failing crashed: RuntimeError at " in line
    assert line.endswith(f" job_id={job.id} task_id={job.task_id} tenant_id={job.tenant_id} attempt=1")


def test_json_lines_hold_the_jobs_fields(capsys: pytest.CaptureFixture[str]) -> None:
    job = crash({"AIJOBS_LOG": "info", "AIJOBS_LOG_FORMAT": "json"})
    dispatched, crashed, _ = map(json.loads, capsys.readouterr().err.splitlines())
    assert (crashed["level"], crashed["logger"]) == ("ERROR", "aijobs.worker")
    assert fields(job).items() <= crashed.items()
    assert datetime.fromisoformat(crashed["time"]).tzinfo == UTC
    assert "job_id" not in dispatched  # it was written by whoever submitted, not inside the job


def test_a_new_format_takes_the_place_of_the_old(capsys: pytest.CaptureFixture[str]) -> None:
    show_logs({"AIJOBS_LOG": "info"})
    show_logs({"AIJOBS_LOG": "info", "AIJOBS_LOG_FORMAT": "json"})
    logging.getLogger("aijobs.worker").info("once")
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "once"


def test_white_space_behind_the_level_is_no_part_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_logs({"AIJOBS_LOG": "info "})
    logging.getLogger("aijobs.worker").info("once")
    assert "INFO aijobs.worker once" in capsys.readouterr().err


def test_an_applications_own_handler_keeps_its_say(capsys: pytest.CaptureFixture[str]) -> None:
    theirs = Kept()
    logging.getLogger("aijobs").addHandler(theirs)
    show_logs({"AIJOBS_LOG": "info", "AIJOBS_LOG_FORMAT": "json"})
    logging.getLogger("aijobs.worker").info("once")
    assert (len(theirs.records), capsys.readouterr().err) == (1, "")


def test_json_lines_stay_one_line_and_keep_a_traceback() -> None:
    record = logging.LogRecord("shop", logging.ERROR, "shop.py", 1, "two\nlines: %s", ("\ud800",), None)
    record.exc_info = (KeyError, KeyError("x"), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("KeyError: 'x'")


def warned(setup: str) -> str:
    """Return what a program writes to standard error whose provider fails until it is left alone."""
    script = f"""
import logging
import aijobs_sdk as aijobs
{setup}
with aijobs.mock() as sim:
    sim.on().do(aijobs.fail(503) * 3)
    client = aijobs.Client()
    aijobs.wait(client.submit_many([client.request("hi", model="gpt-5.2")] * 25))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIJOBS_")}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return ran.stderr


def test_where_nobody_set_up_logging_nothing_is_written() -> None:
    assert warned("") == ""


def test_an_applications_logging_hears_of_everything_and_instants_are_to_the_second() -> None:
    lines = warned("logging.basicConfig()").splitlines()
    assert re.fullmatch(
        r"WARNING:aijobs\.breaker:openai failed too often \(20 times\): "
        r"jobs wait until 2026-01-01 00:\d\d:\d\d UTC",
        lines[0],
    )


@aijobs.job_type("leaky")
async def leaky(context: aijobs.JobContext, payload: Note) -> Mapping[str, JsonValue]:
    """Put the secret wherever it may go: a provider's request, a result that JSON cannot hold."""
    request = GenerationRequest(
        model="gpt-5.2",
        prompt=payload.text,
        system=payload.text,
        tenant_id=context.job.tenant_id,
        job_id=context.job.id,
        attempt=context.attempt,
        idempotency_token=context.idempotency_token("ask"),
        draw_key=context.draw_key,
    )
    async with aclosing(context.generate("openai", request, timeout_seconds=1)) as chunks:
        async for _ in chunks:
            pass
    return {"secret": payload.text, "not json": float("nan")}


@pytest.fixture
def everything() -> Iterator[io.StringIO]:
    """All that any logger says, from DEBUG on, as lines of JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(aijobs.JobLogFilter())
    root, ours = logging.getLogger(), logging.getLogger("aijobs")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def test_no_line_and_no_label_of_a_run_full_of_failures_holds_a_secret(everything: io.StringIO) -> None:
    metrics = aijobs.InMemoryMetrics()
    with aijobs.mock(seed=5) as sim:
        sim.on().do(aijobs.fail(503) * 2, aijobs.fail("timeout"), aijobs.fail("reset"), aijobs.ok())
        client = aijobs.Client(job_types=[failing, leaky], metrics=metrics)
        payload = {"text": CANARY, "api_key": CANARY}
        own = [client.request(type=kind, payload=payload, max_attempts=5) for kind in ("failing", "leaky") * 10]
        texts = [client.request(f"Keep {CANARY}", system=CANARY, model="gpt-5.2", max_attempts=2)] * 10
        jobs = [job.wait() for job in client.submit_many([*own, *texts])]
    lines = everything.getvalue()
    assert {job.status for job in jobs} == {aijobs.JobStatus.FAILED}
    assert all(words in lines for words in ("payload.api_key", "handler of failing crashed", "failed too often"))
    assert CANARY not in lines
    assert {CANARY, *(str(job.id) for job in jobs)}.isdisjoint(metrics.label_values())
