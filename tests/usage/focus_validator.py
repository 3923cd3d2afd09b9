"""The FinOps Foundation's own validator of FOCUS files, in an environment of its own.

It runs on Python 3.12 alone: its source is no syntax of 3.11, and its numpy has no wheel for 3.13. And it wants older
libraries than ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_REQUIREMENTS = ("focus-validator==2.2.1", "pyarrow<20")

# What holds for a provider like us. Left out, though they hold: USAGE_MEASUREMENT_SUPPORTED, under which the validator
# fails any file without the columns of commitment discounts, and PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED, under
# which it wants an ISO code for a virtual currency. `test_usage_focus.py` holds those rules itself.
_CRITERIA = (
    "UNIT_PRICING_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "VIRTUAL_CURRENCY_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
)


@dataclass(frozen=True)
class Verdict:
    """What the validator says of one file."""

    passed: int
    failed: frozenset[str]
    """The rules that the file breaks."""


class CannotInstallError(Exception):
    """The validator is not here and cannot be fetched."""


def installed_validator() -> Path:
    """Return the Python of an environment with the validator, made on first use: about 600 MB in the user's cache.

    Raises:
        CannotInstallError: there is no Python 3.12 on this machine, or pip finds no package index.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aijobs-sdk" / "focus-validator-2.2.1"
    python, complete = home / "bin" / "python", home / "complete"
    if not complete.exists():
        _run([next(_pythons(), None) or _none_found(), "-m", "venv", "--clear", home])
        _run([python, "-m", "pip", "install", "--quiet", *_REQUIREMENTS])
        complete.touch()
    return python


def validate(python: Path, file: Path) -> Verdict:
    """Hold a data set against the rules of FOCUS 1.2, which the package brings."""
    (packages,) = python.parent.parent.glob("lib/python*/site-packages")
    command: list[str | Path] = [
        python,
        "-m",
        "focus_validator.main",
        "--data-file",
        file,
        "--validate-version",
        "1.2.0.1",
    ]
    options = ["--block-download", "--applicability-criteria", ",".join(_CRITERIA)]
    # It opens one of its files by a path that starts in site-packages.
    said = subprocess.run([*command, *options], cwd=packages, capture_output=True, encoding="utf-8", check=True).stdout
    (passed,) = re.findall(r"\| Pass: (\d+) \|", said)
    return Verdict(passed=int(passed), failed=frozenset(re.findall(r"(\S+): FAIL ", said)))


def _pythons() -> Iterator[Path]:
    on_path = shutil.which("python3.12")
    for candidate in [
        *([Path(on_path)] if on_path else []),
        *Path.home().glob(".pyenv/versions/3.12.*/bin/python3.12"),
    ]:
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            yield candidate


def _none_found() -> Path:
    raise CannotInstallError("focus-validator 2 runs on Python 3.12 alone, and there is none on this machine")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise CannotInstallError(f"focus-validator could not be installed: {last}")
