"""A headless Chromium of this machine, driven by Playwright, for as long as a `with` block lasts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"

# It asks nobody on the internet for anything, and needs no graphics.
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_APT_GET = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")  # somebody else may be installing something


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start a browser with a new and empty profile, and leave nothing of it behind.

    Until the block ends its thread counts as running an event loop: run no other loop there. A first call may install
    the program, which takes minutes.

    Raises:
        RuntimeError: there is no Chromium on this machine, and none can be installed.
    """
    program = find_chromium()
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # its sandbox refuses root
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=flags, headless=True) as browser,
    ):
        yield browser


def find_chromium() -> Path:
    """Return the program, installed with Debian's package if need be and we may.

    Raises:
        RuntimeError: there is none.
    """
    return _on_path() or _installed()


def _on_path() -> Path | None:
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return Path(found) if found else None


def _installed() -> Path:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise RuntimeError(
            f"No Chromium on this machine: none of {', '.join(PROGRAMS)} is on the PATH. "
            f"Install one, on Debian as root with: apt-get install {PACKAGE}"
        )
    log = _install()
    program = _on_path()
    if not program:
        raise RuntimeError(f"No Chromium on this machine, and apt-get did not install {PACKAGE}. It said:\n{log}")
    return program


def _install() -> str:
    """Install the package, and return the end of what apt-get said."""
    install = ("install", "--yes", "--no-install-recommends", PACKAGE)
    done = _apt_get(*install)
    if done.returncode != 0:  # the lists of packages may be missing or old
        updated = _apt_get("update")
        done = _apt_get(*install)
        return f"{updated.stdout}{done.stdout}"[-2000:]
    return done.stdout[-2000:]


def _apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_APT_GET, *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
