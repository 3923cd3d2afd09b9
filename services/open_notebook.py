"""A notebook that is open in a real JupyterLab or Notebook 7: cells are run, buttons clicked, and outputs looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, assert_never
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, WebSocket

from services.frames import Message, read_frame
from services.jupyter import JupyterServer

PATIENCE_MILLISECONDS = 60_000.0
HERE = "127.0.0.1"

# What shows that the notebook is ready comes before its kernel is, and cells that run before that are lost.
_IS_READY = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"

# Nobody waits in the page for what a command promises: that has no time-out. Its end is noted, and asked for.
_RUN = """index => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    window.ran = {...window.ran, [index]: false};
    jupyterapp.commands.execute('notebook:run-cell').finally(() => { window.ran[index] = true; });
    return null;
}"""
_SAVE = """() => {
    window.saved = false;
    jupyterapp.shell.currentWidget.context.save().then(() => { window.saved = true; });
    return null;
}"""
_RESTART = """() => {
    window.restarted = false;
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.restart().then(() => { window.restarted = true; });
    return null;
}"""
# Comms go to a thread of the kernel's own, which the page asks for when it sees the first of them.
_HOLD_BACK_THREAD = """() => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const ask = kernel.requestCreateSubshell.bind(kernel);
    kernel.requestCreateSubshell = (...what) => ({
        done: new Promise(begin => { window.beginThread = () => begin(ask(...what).done); }),
    });
}"""
_NOTE_CLICKS = "window.clicks = []; addEventListener('click', () => window.clicks.push(Date.now()), true);"
# What is seen in a frame is what that frame, or the next one, paints.
_WATCH = """cell => {{
    const see = output => {look};
    window.seen = [];
    const look = () => {{
        const output = document.querySelectorAll('.jp-Notebook .jp-Cell')[cell]?.querySelector('.jp-Cell-outputArea');
        const value = output ? see(output) ?? null : null;
        if (JSON.stringify(value) !== JSON.stringify(window.seen.at(-1)?.[1])) window.seen.push([Date.now(), value]);
        requestAnimationFrame(look);
    }};
    look();
}}"""


class Interface(StrEnum):
    """What a notebook is open in."""

    LAB = "JupyterLab 4"
    NOTEBOOK = "Notebook 7"

    def path_of(self, notebook: str) -> str:
        """Return where it opens a notebook of this name."""
        match self:
            case Interface.LAB:  # in a workspace of its own: otherwise it opens beside all that were open before
                return f"lab/workspaces/{notebook.removesuffix('.ipynb')}/tree/{notebook}"
            case Interface.NOTEBOOK:
                return f"notebooks/{notebook}"
            case _:
                assert_never(self)


class Theme(StrEnum):
    """As the interfaces call them."""

    LIGHT = "JupyterLab Light"
    DARK = "JupyterLab Dark"


class Frame(NamedTuple):
    """A message that the page got from its kernel."""

    came_at: float
    message: Message


class Sight(NamedTuple):
    """What a page showed from a moment on, in seconds of the clock that the kernel has as well."""

    at: float
    value: Any


class OpenNotebook:
    """One notebook in a page of its own, whose kernel is ready."""

    def __init__(
        self, browser: Browser, server: JupyterServer, path: str, interface: Interface, *, pixel_ratio: float = 1
    ) -> None:
        context = browser.new_context(viewport={"width": 1100, "height": 1400}, device_scale_factor=pixel_ratio)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MILLISECONDS)
        self.other_hosts: list[str] = []
        """Whoever but this machine the page asked for something."""
        self.console: list[str] = []
        """What the page complained of."""
        self.iopub: list[Frame] = []
        """All that the kernel published since the page was opened, but for its states."""
        self.path = path
        context.add_init_script(_NOTE_CLICKS)
        context.on("request", lambda request: self._note_host(request.url))
        self.page.on("console", lambda said: self._note_complaint(said.type, said.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("websocket", self._listen)
        self._address = server.address_of(interface.path_of(path))
        self.page.goto(self._address)
        self.page.wait_for_function(_IS_READY)

    def start(self, cell: int) -> None:
        """Begin to run a cell, and leave it alone."""
        self.page.evaluate(_RUN, cell)

    def run(self, cell: int) -> str:
        """Run a cell to its end, and return what it shows."""
        self.start(cell)
        return self.wait_for(cell)

    def wait_for(self, cell: int) -> str:
        """Wait for the end of a cell that was started, and return what it shows."""
        self.page.wait_for_function("cell => window.ran[cell]", arg=cell)
        return self.text(cell)

    def has_ended(self, cell: int) -> bool:
        """Return whether a cell that was started is over."""
        return bool(self.page.evaluate("cell => window.ran[cell]", cell))

    def output(self, cell: int) -> Locator:
        """Return all that stands below a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-Cell-outputArea")

    def text(self, cell: int) -> str:
        """Return what stands below a cell, as a reader sees it; empty if nothing does."""
        output = self.output(cell)
        return output.inner_text().strip() if output.count() else ""

    def wait_for_text(self, cell: int, text: str) -> None:
        """Wait until this can be read below a cell."""
        self.output(cell).get_by_text(text).first.wait_for()

    def click(self, cell: int, button: str) -> None:
        """Click a button below a cell."""
        self.output(cell).get_by_role("button", name=button).click()

    def hold_back_thread(self) -> None:
        """From now on the kernel has no thread for clicks, before `begin_thread()`: it is slow."""
        self.page.evaluate(_HOLD_BACK_THREAD)

    def begin_thread(self) -> None:
        """Let it have the thread that the page has asked for by now."""
        self.page.evaluate("window.beginThread()")

    def clicks(self) -> Sequence[float]:
        """Return when the page was clicked, since it was loaded."""
        clicks: Sequence[float] = self.page.evaluate("window.clicks")
        return [at / 1000 for at in clicks]

    def watch(self, cell: int, look: str) -> None:
        """From now on take down, at each frame, what a JavaScript expression says of `output`, what is below a cell."""
        self.page.evaluate(_WATCH.format(look=look), cell)

    def seen(self) -> Sequence[Sight]:
        """Return what was taken down, a sight for each change."""
        seen: Sequence[Sequence[Any]] = self.page.evaluate("window.seen")
        return [Sight(at / 1000, value) for at, value in seen]

    def comms(self, kind: str) -> set[str]:
        """Return the ids of the comms of which such a message came: `comm_open`, `comm_close`."""
        return {message.content["comm_id"] for _, message in self.iopub if message.type == kind}

    def save(self) -> Mapping[str, Any]:
        """Save the notebook, and return its file."""
        self.page.evaluate(_SAVE)
        self.page.wait_for_function("() => window.saved")
        saved: Mapping[str, Any] = self.page.evaluate("jupyterapp.shell.currentWidget.context.model.toJSON()")
        return saved

    def reload(self) -> None:
        """Load the page anew, as its reader does with a key."""
        self.page.reload()
        self._wait_until_open()

    def restart(self) -> None:
        """Restart the kernel, as its reader does with the menu; returns when it is ready again."""
        self.page.evaluate(_RESTART)
        self.page.wait_for_function("() => window.restarted")

    def leave(self) -> None:
        """Go elsewhere: nobody looks at the notebook any more."""
        self.page.goto("about:blank")

    def come_back(self) -> None:
        """Open it again."""
        self.page.goto(self._address)
        self._wait_until_open()

    def switch_to(self, theme: Theme) -> None:
        """Change the colours, as the menu does; returns when the page has begun to use them."""
        self.page.evaluate("theme => { jupyterapp.commands.execute('apputils:change-theme', {theme}); }", theme)
        is_light = str(theme is Theme.LIGHT).lower()
        self.page.locator(f"body[data-jp-theme-light='{is_light}']").wait_for(state="attached")

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Look again and again, while the page lives on."""
        end = time.monotonic() + PATIENCE_MILLISECONDS / 1000
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"It did not happen in {self.path}.")
            self.page.wait_for_timeout(20)

    def close(self) -> None:
        """Close the page; its kernel goes on."""
        self.page.context.close()

    def _wait_until_open(self) -> None:
        # Its kernel may be busy for long.
        self.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context?.isReady")
        self.page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext?.session?.kernel")

    def _listen(self, socket: WebSocket) -> None:
        self._note_host(socket.url)
        socket.on("framereceived", self._note_frame)

    def _note_frame(self, frame: str | bytes) -> None:
        message = read_frame(frame)
        if message is not None and message.channel == "iopub" and message.type != "status":
            self.iopub.append(Frame(time.time(), message))

    def _note_host(self, url: str) -> None:
        host = urlsplit(url).hostname
        if host not in {None, HERE}:
            self.other_hosts.append(url)

    def _note_complaint(self, kind: str, text: str) -> None:
        if kind == "error":
            self.console.append(text)
