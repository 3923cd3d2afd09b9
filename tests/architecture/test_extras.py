"""What an extra of the package brings."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
FOR_USERS = [extra for extra in EXTRAS if extra not in {"all", "dev", "bench"}]


def brought_by(*extras: str) -> set[str]:
    """Return the libraries that extras name, and those of the extras that they name in turn."""
    wanted = [Requirement(text) for extra in extras for text in EXTRAS[extra]]
    ours = [extra for one in wanted if one.name == "aijobs-sdk" for extra in one.extras]
    libraries = {canonicalize_name(one.name) for one in wanted if one.name != "aijobs-sdk"}
    return libraries.union(*(brought_by(extra) for extra in ours))


def needed_by(library: str) -> set[str]:
    """Return the libraries that one always brings."""
    return {canonicalize_name(Requirement(text).name) for text in requires(library) or () if "extra ==" not in text}


def run_with(code: str, *extras: str) -> subprocess.CompletedProcess[str]:
    """Run code where the libraries of no other extra are installed."""
    there = brought_by(*extras)
    missing = brought_by(*FOR_USERS) - there.union(*map(needed_by, there))
    homes = packages_distributions().items()
    away = [name for name, of in homes if missing & {canonicalize_name(one) for one in of}]
    put_away = f"import sys\nsys.modules.update(dict.fromkeys({away}))\n{code}"
    return subprocess.run([sys.executable, "-c", put_away], capture_output=True, text=True, check=False)


def test_every_package_of_a_wheel_says_that_it_is_typed() -> None:
    packages = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert [Path(one, "py.typed").is_file() for one in packages["packages"]] == [True, True]


def test_the_extra_of_a_server_brings_all_that_serving_from_a_terminal_takes() -> None:
    code = "import aijobs_sdk.cli.display, aijobs_sdk.connect.serve, mock_server.command"
    assert run_with(code, "server").stderr == ""


@pytest.mark.parametrize(
    "look",
    [
        "from aijobs_sdk import *; Client, fail",
        "import aijobs_sdk, inspect; inspect.getmembers(aijobs_sdk)",
        "import pydoc; pydoc.render_doc('aijobs_sdk')",
        "import aijobs_sdk, rlcompleter; rlcompleter.Completer(globals()).complete('aijobs_sdk.', 0)",
    ],
)
def test_looking_at_the_package_needs_no_extra(look: str) -> None:
    assert run_with(look).stderr == ""


def test_a_name_that_needs_an_extra_says_which() -> None:
    assert "pip install 'aijobs-sdk[usage]'" in run_with("from aijobs_sdk import Usage").stderr


def test_a_name_is_offered_with_the_extra_that_it_needs() -> None:
    code = "from aijobs_sdk import *; Usage; import aijobs_sdk; print('PrometheusMetrics' in dir(aijobs_sdk))"
    ended = run_with(code, "usage")
    assert (ended.stdout, ended.stderr) == ("False\n", "")


def test_the_sql_of_a_warehouse_needs_no_database_of_ours() -> None:
    assert run_with("import aijobs_sdk; aijobs_sdk.sql_for('once', 'bigquery')").stderr == ""


def test_the_demo_without_reports_goes_on_to_its_end() -> None:
    code = """
from rich.console import Console
from aijobs_sdk.cli.demo import run_demo
run_demo(Console(), clock="virtual")
"""
    ended = run_with(code, "cli")
    assert "pip install 'aijobs-sdk[usage]'" in ended.stdout
    assert "aijobs submit" in ended.stdout
    assert ended.stderr == ""
