"""Job types of a user's own, by the name of the module that makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.engine.job_type import JobType


def import_job_types(names: Iterable[str]) -> list[JobType[Any]]:
    """Return the job types under these names, as `mytypes:shout`; modules of the current folder are found first.

    What a module raises while it is imported keeps its traceback, which shows the line to mend.

    Raises:
        BadInput: there is no such module or name, or it is no job type.
    """
    return [job_type for name in names for job_type in _named(name)]


def _named(name: str) -> Sequence[JobType[Any]]:
    module_name, colon, attribute = name.partition(":")
    if not (all(module_name.split(".")) and colon and attribute):
        raise BadInput(f"--job-types takes a module and a name in it, such as 'mytypes:shout', not {name!r}.")
    module = _module(module_name)
    if not hasattr(module, attribute):
        known = [one for one, value in vars(module).items() if _job_types_in(value)]
        raise BadInput(f"Module {module_name!r} has no {attribute!r}.{nearest(attribute, known) if known else ''}")
    if not (found := _job_types_in(getattr(module, attribute))):
        raise BadInput(f"{name!r} is no job type: put `@aijobs.job_type(...)` over a function, or name a list of them.")
    return found


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:  # an installed command looks beside itself
        sys.path.insert(0, here)
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is not None and f"{name}.".startswith(f"{missing.name}."):
            raise BadInput(f"No module {name!r} in this folder, or installed. Check the name and the folder.") from None
        raise BadInput(f"Module {name!r} needs {missing.name!r}, which is not installed here.") from None


def _job_types_in(value: object) -> Sequence[JobType[Any]]:
    """Return the job types that a value is or holds; none, where it holds anything else."""
    several: Sequence[object] = value if isinstance(value, list | tuple) else [value]
    found = [one for one in several if isinstance(one, JobType)]
    return found if len(found) == len(several) else []
