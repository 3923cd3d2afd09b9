"""Cells that run in a real kernel, one after the other or interrupted."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

PATIENCE_SECONDS = 60


class Cells:
    """A notebook's part in talking to its kernel; a cell leaves in `it` what a test wants to know."""

    def __init__(self, manager: KernelManager, kernel: BlockingKernelClient) -> None:
        self._manager = manager
        self._kernel = kernel
        self.shown: list[str] = []
        """What kinds of output came, one for each message."""

    def run(self, cell: str) -> str:
        """Run a cell; return the text of `it` after that, or the name of its error."""
        return self.result_of(self.start(cell))

    def start(self, cell: str) -> str:
        """Start a cell; return when the kernel has begun it."""
        # Else a cell that is asked for right after an error is not run at all: the kernel drops what it finds waiting.
        started = self._kernel.execute(textwrap.dedent(cell), user_expressions={"it": "it"}, stop_on_error=False)
        self._read_output(started, until=lambda kind, _content: kind == "execute_input")
        return str(started)

    def result_of(self, started: str) -> str:
        """Return the text of `it` after a cell that was started, or the name of its error."""
        content = self._reply_to(started)
        self._read_output(started, until=lambda _kind, content: content.get("execution_state") == "idle")
        if content["status"] != "ok":
            return str(content["ename"])
        return str(content["user_expressions"]["it"]["data"]["text/plain"])

    def wait_until(self, expression: str) -> None:
        """Return once an expression is true in the kernel."""
        while self.run(f"it = {expression}") != "True":
            time.sleep(0.1)

    def interrupt(self) -> None:
        """Interrupt as the button of a notebook does."""
        self._manager.interrupt_kernel()

    def _reply_to(self, started: str) -> dict[str, Any]:
        replies = iter(lambda: self._kernel.get_shell_msg(timeout=PATIENCE_SECONDS), None)
        return next(reply["content"] for reply in replies if reply["parent_header"]["msg_id"] == started)

    def _read_output(self, started: str, *, until: Callable[[str, Mapping[str, Any]], bool]) -> None:
        messages = iter(lambda: self._kernel.get_iopub_msg(timeout=PATIENCE_SECONDS), None)
        for message in (one for one in messages if one["parent_header"].get("msg_id") == started):
            if until(message["msg_type"], message["content"]):
                return
            self.shown.append(message["msg_type"])


@contextmanager
def running_cells(env: Mapping[str, str], first: str) -> Iterator[Cells]:
    """Start a kernel and run its first cell; the kernel is gone at the end."""
    manager, kernel = start_new_kernel(kernel_name="python3", env=dict(env))
    try:
        cells = Cells(manager, kernel)
        cells.run(f"{textwrap.dedent(first)}\nit = None")
        yield cells
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
