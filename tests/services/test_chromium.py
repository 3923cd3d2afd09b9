"""The browser that other tests rely on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from services.chromium import PACKAGE, PROGRAMS, find_chromium, running_chromium

FORGETFUL = """
import time
from services.chromium import running_chromium
with running_chromium() as browser:
    browser.new_page()
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    print(*(process["id"] for process in told["processInfo"]), flush=True)
    time.sleep(60)
"""

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which we are root; its programs are those in this folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def put(program: Path, script: str = "") -> Path:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def apt_get_of(machine: Path, script: str) -> Path:
    """Put an `apt-get` on the machine, and return where it notes what it was asked."""
    put(machine / "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {machine}/asked\n{script}')
    return machine / "asked"


def processes_of(browser: Browser) -> list[int]:
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return [process["id"] for process in told]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_ended(processes: list[int]) -> None:
    while any(map(is_running, processes)):
        time.sleep(0.05)


def test_it_shows_a_page_and_runs_its_scripts() -> None:
    with running_chromium() as browser:
        page = browser.new_page()
        page.set_content("<h1>1</h1><script>document.querySelector('h1').append(1 + 1)</script>")
        assert page.inner_text("h1") == "12"


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short name: the browser puts a socket below it, whose path may have some hundred characters."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_it_has_a_profile_of_its_own_and_nothing_is_left_afterwards(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(short_folder))
    with running_chromium() as browser:
        processes = processes_of(browser)
        assert list(short_folder.glob("*profile*/Default"))
    wait_until_ended(processes)
    assert list(short_folder.glob("*profile*")) == []


def test_it_ends_with_a_process_that_is_killed() -> None:
    forgetful = subprocess.Popen([sys.executable, "-c", FORGETFUL], stdout=subprocess.PIPE, text=True)
    assert forgetful.stdout
    processes = [int(process) for process in forgetful.stdout.readline().split()]
    forgetful.kill()
    forgetful.communicate()
    assert processes
    wait_until_ended(processes)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_browser_of_the_machine_is_found_and_nothing_installed(machine: Path, name: str) -> None:
    asked = apt_get_of(machine, "exit 1")
    program = put(machine / name)
    assert find_chromium() == program
    assert not asked.exists()


def test_where_there_is_none_debians_package_is_installed(machine: Path) -> None:
    asked = apt_get_of(machine, f"/bin/cp $0 {machine}/chromium")
    assert find_chromium() == machine / "chromium"
    assert asked.read_text().startswith("noninteractive ")
    assert asked.read_text().endswith(f" install --yes --no-install-recommends {PACKAGE}\n")


def test_the_lists_of_packages_are_brought_up_to_date_once_where_the_package_is_unknown(machine: Path) -> None:
    asked = apt_get_of(
        machine,
        f'case "$*" in *update) echo > {machine}/lists;; esac\n[ -e {machine}/lists ] && /bin/cp $0 {machine}/chromium',
    )
    assert find_chromium() == machine / "chromium"
    assert [line.split()[-1] for line in asked.read_text().splitlines()] == [PACKAGE, "update", PACKAGE]


def test_an_installation_that_fails_says_why(machine: Path) -> None:
    apt_get_of(machine, 'echo "E: no space left"; exit 100')
    with pytest.raises(RuntimeError, match=f"did not install {PACKAGE}(.|\n)*no space left"):
        find_chromium()


@pytest.mark.parametrize(("user", "programs"), [(0, []), (1000, ["apt-get"])])
def test_where_none_can_be_installed_the_error_says_what_is_missing_and_how_to_get_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch, user: int, programs: list[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert [put(machine / program) for program in programs] == [machine / program for program in programs]
    with pytest.raises(RuntimeError, match=r"none of chromium, .* is on the PATH.*apt-get install chromium"):
        find_chromium()
