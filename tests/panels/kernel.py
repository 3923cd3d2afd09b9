"""A real kernel, and a page's part in talking to it."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

PATIENCE_SECONDS = 60
TESTS = Path(__file__).parents[1]
NOISE = {"status", "execute_input"}


class Message(NamedTuple):
    """What the kernel published."""

    kind: str
    content: Mapping[str, Any]

    @property
    def display_id(self) -> str:
        return str(self.content["transient"]["display_id"])


class Kernel:
    """Cells that run, and comm messages as JupyterLab sends them."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self._seen: list[Message] = []

    def run(self, cell: str) -> list[Message]:
        """Run a cell to its end; return what was published meanwhile, but for states."""
        return self.end_of(self.start(cell))

    def start(self, cell: str) -> str:
        """Begin a cell; what was published before is forgotten."""
        self._seen = []
        return str(self._client.execute(textwrap.dedent(cell)))

    def end_of(self, started: str) -> list[Message]:
        """Return what was published from the start of a cell to its end.

        Raises:
            AssertionError: the cell raised something.
        """
        self._read_until(lambda kind, content, parent: parent == started and content.get("execution_state") == "idle")
        assert [one.content["traceback"] for one in self._seen if one.kind == "error"] == []
        return [one for one in self._seen if one.kind not in NOISE]

    def value(self) -> str:
        """Return the text of `it`."""
        started = self._client.execute("", user_expressions={"it": "it"})
        replies = iter(lambda: self._client.get_shell_msg(timeout=PATIENCE_SECONDS), None)
        reply = next(one["content"] for one in replies if one["parent_header"].get("msg_id") == started)
        return str(reply["user_expressions"]["it"]["data"]["text/plain"])

    def wait_for(self, kind: str) -> Message:
        """Return the next message of a kind."""
        self._read_until(lambda came, _content, _parent: came == kind)
        return self._seen[-1]

    def subshell(self) -> str:
        """Return a thread of the kernel for what must not wait for a cell."""
        asked = self._client.session.msg("create_subshell_request")
        self._client.control_channel.send(asked)
        replies = iter(lambda: self._client.get_control_msg(timeout=PATIENCE_SECONDS), None)
        return next(
            str(one["content"]["subshell_id"])
            for one in replies
            if one["parent_header"]["msg_id"] == asked["header"]["msg_id"]
        )

    def say(self, model_id: str, content: Mapping[str, str], *, subshell: str | None = None) -> None:
        """Send what a page says to a widget."""
        data = {"method": "custom", "content": content}
        said = self._client.session.msg("comm_msg", {"comm_id": model_id, "data": data})
        said["header"]["subshell_id"] = subshell
        self._client.shell_channel.send(said)

    def shut_down(self) -> None:
        """Ask it to end."""
        self._client.shutdown()

    def _read_until(self, is_last: Callable[[str, Mapping[str, Any], str | None], bool]) -> None:
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE_SECONDS)
            self._seen.append(Message(message["msg_type"], message["content"]))
            if is_last(message["msg_type"], message["content"], message["parent_header"].get("msg_id")):
                return


@contextmanager
def running_kernel() -> Iterator[Kernel]:
    """Start a kernel that can import what the tests can; it is gone at the end."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parent, TESTS)))}
    manager, client = start_new_kernel(kernel_name="python3", env=env, cwd=str(TESTS.parent))
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
