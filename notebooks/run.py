"""Runs the notebooks and keeps what they showed: `python -m notebooks.run [NAME…]`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

from notebooks.form import read, settled, text_of

FOLDER = Path(__file__).parent
AT_ONCE = 2
MOST_SECONDS = 60
"""A notebook may take so long; more is an error."""

# Whatever starts in the folder of a run reaches no other machine.
_GUARD = """\
from aijobs_sdk.simulation.offline import offline

guard = offline()
guard.__enter__()
"""


def named(names: Sequence[str] = ()) -> list[Path]:
    """Return the notebooks whose names begin with one of these, such as `03`; all of them, if there are none."""
    return [path for path in sorted(FOLDER.glob("*.ipynb")) if path.name.startswith(tuple(names) or "")]


async def run_all(paths: Sequence[Path], folder: Path) -> list[NotebookNode | BaseException]:
    """Return these notebooks as they are after a run from top to bottom, or what ended it.

    Each runs in a fresh kernel, and in a folder of its own below this one.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def run_one(path: Path) -> NotebookNode:
        try:
            async with room, asyncio.timeout(MOST_SECONDS):
                return await run(read(path), folder / path.stem)
        except Exception as error:
            error.add_note(f"That was in {path.name}.")
            raise

    return await asyncio.gather(*map(run_one, paths), return_exceptions=True)


async def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run a notebook in the folder `work` of this one; what else it and its programs make goes beside that."""
    places = {name: folder / name for name in ("work", "temporary", "state", "guard", "ipython", "wire")}
    for place in places.values():
        place.mkdir(parents=True)
    (places["guard"] / "sitecustomize.py").write_text(_GUARD)
    client = NotebookClient(
        notebook,
        timeout=MOST_SECONDS,
        # As it comes, it waits 4 s for what a cell shows after its end, and then goes on without it.
        iopub_timeout=MOST_SECONDS,
        raise_on_iopub_timeout=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(places["work"])}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        # Without encryption a kernel complains, into the output of whoever runs it.
        config=Config(KernelManager={"transport_encryption": "required", "connection_dir": str(places["wire"])}),
    )
    return await client.async_execute(env=_environment(places))


def _environment(places: Mapping[str, Path]) -> dict[str, str]:
    """Return what a program finds on a machine on which nobody has set anything of ours."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AI_", "AIJOBS_", "COV_", "PYTEST_")) and not name.endswith("_API_KEY")
    }
    programs = [str(Path(sys.executable).parent), kept.get("PATH", "")]
    return kept | {
        "PATH": os.pathsep.join(programs),
        "PYTHONPATH": os.pathsep.join([str(places["guard"]), str(FOLDER.parent)]),
        "TMPDIR": str(places["temporary"]),
        "XDG_STATE_HOME": str(places["state"]),
        "IPYTHONDIR": str(places["ipython"]),
        "COLUMNS": "100",
    }


def main() -> None:
    """Run the notebooks that were named, and write down what they showed."""
    paths = named(sys.argv[1:])
    with TemporaryDirectory(prefix="notebooks-") as folder:
        runs = dict(zip(paths, asyncio.run(run_all(paths, Path(folder))), strict=True))
    for path, run_of in runs.items():
        if isinstance(run_of, NotebookNode):
            path.write_text(text_of(settled(run_of, read(path))), "utf-8")
    errors = [run_of for run_of in runs.values() if isinstance(run_of, BaseException)]
    if errors:
        raise BaseExceptionGroup("Some notebooks are as they were.", errors)


if __name__ == "__main__":
    main()
