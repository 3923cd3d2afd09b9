"""A browser, a Jupyter server that all these tests share, and notebooks opened in both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from services.chromium import running_chromium
from services.jupyter import JupyterServer, running_jupyter
from services.open_notebook import Interface
from services.opening import Open, opening

_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def jupyter() -> Iterator[JupyterServer]:
    """A server whose kernels see none of the developer's own settings, and what tests and benchmarks show."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AI_MOCK_MODE", "AIJOBS_"))}
    path = os.pathsep.join([str(_REPOSITORY), str(_REPOSITORY / "tests")])
    with running_jupyter(ours | {"PYTHONPATH": path}) as server:
        yield server


# For one file of tests: until it is closed no other event loop runs in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=list(Interface), ids=["lab", "notebook"])
def interface(request: pytest.FixtureRequest) -> Interface:
    """Whatever is promised of one holds for the other."""
    return Interface(request.param)


@pytest.fixture
def open_notebook(browser: Browser, jupyter: JupyterServer, interface: Interface) -> Iterator[Open]:
    with opening(browser, jupyter, interface) as open_it:
        yield open_it
