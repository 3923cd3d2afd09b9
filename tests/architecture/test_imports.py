"""Who may import whom, and what importing the package costs nobody."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

FIRST_JOB = "import aijobs_sdk as aijobs\naijobs.Client().submit('hi', model='gpt-5.2').result()"


def loaded_after(code: str) -> set[str]:
    return {name.split(".")[0] for name in modules_after(code)}


@cache  # many ask about the first job
def modules_after(code: str) -> frozenset[str]:
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return frozenset(ended.stdout.split())


def test_rooms_import_downwards_only() -> None:
    # In a process of its own: the linter turns off every log that exists.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_importing_the_package_loads_nothing_else() -> None:
    for_nothing = {"pydantic", "anyio", "httpx", "asyncio", "typing", "duckdb", "click", "rich", "nh3", "pyarrow"}
    assert for_nothing.isdisjoint(loaded_after("import aijobs_sdk"))


OPTIONAL = ["duckdb", "click", "rich", "pyarrow", "pandas", "httpx", "ipywidgets", "openai", "sqlalchemy"]


@pytest.mark.parametrize("extra", [*OPTIONAL, "prometheus_client", "opentelemetry"])
def test_a_first_job_loads_no_optional_library(extra: str) -> None:
    assert extra not in loaded_after(FIRST_JOB)


@pytest.mark.parametrize("room", ["batch.async_batch", "batch.running", "batch.reading", "batch.operation"])
def test_a_first_job_loads_no_batch(room: str) -> None:
    assert f"aijobs_sdk.{room}" not in modules_after(FIRST_JOB)


def test_a_database_in_a_file_loads_no_other_databases_driver(tmp_path: Path) -> None:
    job = f"import aijobs_sdk as aijobs\naijobs.Client('sqlite:///{tmp_path}/jobs.db').submit(type='test_job').result()"
    assert "psycopg" not in loaded_after(job)


def test_importing_starts_no_thread() -> None:
    code = "import aijobs_sdk, threading\naijobs_sdk.Client\nassert threading.active_count() == 1"
    loaded_after(code)
