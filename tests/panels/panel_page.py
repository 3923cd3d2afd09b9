"""A panel on an otherwise empty page of a real browser; this side plays the kernel."""

from __future__ import annotations

import json
import weakref
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from aijobs_sdk.notebook.surfaces.widget.model import PanelWidget
from aijobs_sdk.notebook.view import View
from panels.watched import Noting

# As anywidget's model: the page reads the state, hears of changes, and sends messages.
_RENDER = """async ([source, view]) => {
    const listeners = new Set();  // of views
    const lists = {'change:view': listeners, 'msg:custom': new Set(), 'comm_live_update': new Set()};
    window.said = [];
    window.looks = 0;
    window.spoken = [];
    const model = {
        get: name => { window.looks += name === 'view'; return name === 'view' ? window.view : {}; },
        on: (name, listener) => lists[name]?.add(listener),
        off: (name, listener) => lists[name].delete(listener),
        send: content => { window.said.push(content.op); window.press = content.press; },
    };
    window.hear = () => lists['msg:custom'].forEach(listener => listener({heard: window.press}));
    window.lose = () => lists['comm_live_update'].forEach(listener => listener());
    window.view = view;
    window.put = view => { window.view = view; listeners.forEach(listener => listener()); };
    window.listeners = listeners;
    window.hearers = lists['msg:custom'];
    const {default: widget} = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
    widget.initialize({model});
    const el = document.body.appendChild(document.createElement('div'));
    window.cleanUp = widget.render({model, el});
    const region = document.querySelector('[role=status]');
    window.spoken.push(region.textContent);
    new MutationObserver(() => window.spoken.push(region.textContent)).observe(region, {childList: true});
}"""
_IN_A_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"


class PanelPage:
    """One page with one panel."""

    def __init__(self, browser: Browser, view: View, *, theme: str = "light", stops_the_clock: bool = False) -> None:
        room = files("aijobs_sdk.notebook.surfaces.widget")
        self.page: Page = browser.new_page(viewport={"width": 1000, "height": 700})
        self.errors: list[str] = []
        """What went wrong in the page."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        if stops_the_clock:
            self.page.clock.install(time=0)
        style = room.joinpath("panel.css").read_text("utf-8")
        self.page.set_content(f"<!doctype html><html lang=en><title>x</title><style>{style}</style><body></body>")
        self.switch_to(theme)
        if stops_the_clock:
            self.page.clock.pause_at(1000)
        self.page.evaluate(_RENDER, [room.joinpath("panel.js").read_text("utf-8"), state_of(view)])

    @property
    def panel(self) -> Locator:
        """All of it."""
        return self.page.locator(".aijobs-panel")

    def put(self, view: View) -> None:
        """Send a view."""
        self.page.evaluate("view => window.put(view)", state_of(view))

    def draw(self, view: View) -> None:
        """Send a view, and wait until it is drawn."""
        self.put(view)
        self.page.evaluate(_IN_A_FRAME)

    def hear(self) -> None:
        """Say that what was pressed last has been heard."""
        self.page.evaluate("window.hear()")

    def ask(self, name: str) -> Any:
        """Return what the page noted: `said`, `looks` or `spoken`."""
        return self.page.evaluate(f"window.{name}")

    def focused(self) -> str:
        """Return the text of what has the focus, as a reader of the page sees it."""
        return str(self.page.evaluate("document.activeElement.innerText"))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def switch_to(self, theme: str) -> None:
        """Say which theme it is as JupyterLab does."""
        self.page.evaluate("light => { document.body.dataset.jpThemeLight = light }", str(theme == "light").lower())

    def style(self, selector: str, name: str) -> str:
        """Return a computed style."""
        look = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
        return str(self.page.evaluate(look, [selector, name]))


def state_of(view: View) -> Any:
    """Return what a widget of this view sends, as it arrives."""
    widget = PanelWidget(weakref.ref(Noting()), view)
    state = json.loads(json.dumps(widget.view))
    widget.close()
    return state
