"""Tests that start browsers and fleets of workers do not run against each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FILES = ("browser/test_pages", "torture/test_fleet", "batch/test_kernels", "batch/test_rows", "usage/test_bills")
TELLS_ITS_PROCESS = """
    import os
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("number", range(4))
    def test_it(number):
        here = Path(__file__)
        (here.parents[2] / f"{here.stem}.{number}").write_text(os.environ["PYTEST_XDIST_WORKER"])
"""


def processes(folder: Path, name: str) -> set[str]:
    """Return where the tests of a file ran."""
    return {told.read_text() for told in folder.glob(f"{name}.*")}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with our way to distribute tests, run by README's command."""
    folder = tmp_path_factory.mktemp("project")
    source = re.sub("^    ", "", TELLS_ITS_PROCESS, flags=re.MULTILINE)
    for name in (
        "browser/test_pages",
        "torture/test_fleet",
        "batch/test_kernels",
        "batch/test_rows",
        "usage/test_bills",
    ):
        file = folder / "tests" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{source}\n# running_kernel" if "kernels" in name else source)
    shutil.copy(REPOSITORY / "tests" / "conftest.py", folder / "tests")
    options = re.search(r"-m pytest (.*)", (REPOSITORY / "README.md").read_text("utf-8"))
    assert options is not None
    command = [sys.executable, "-m", "pytest", *options[1].split(), "--import-mode=importlib", "tests"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env["PYTHONPATH"] = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, timeout=120)
    return folder


def test_what_drives_a_machine_or_starts_kernels_is_in_one_process(ran: Path) -> None:
    together = [processes(ran, name) for name in ("test_pages", "test_fleet", "test_kernels")]
    assert len(set().union(*together)) == 1


def test_a_file_is_in_one_process_and_files_are_in_both(ran: Path) -> None:
    others = [processes(ran, name) for name in ("test_rows", "test_bills")]
    assert [len(each) for each in others] == [1, 1]
    assert set().union(*others) - processes(ran, "test_pages")
