"""The fixture `aijobs_mock`: a simulated world for one test, with virtual time.

`@pytest.mark.aijobs_mock(seed=7, profile="typical", scenario="busy.toml", strict=True)` says which one: what
`aijobs.mock()` takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aijobs_sdk.simulation.mock import Mock

MARKER = "aijobs_mock"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}(**what_mock_takes): which world the fixture {MARKER} simulates")


@pytest.fixture
def aijobs_mock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    """Simulate the world for every client made in this test; AI_MOCK_MODE is true meanwhile.

    With `strict=True` in the marker a test fails if one of its rules was never used; otherwise that is a warning.
    """
    from aijobs_sdk.simulation.mock import mock  # noqa: PLC0415 - pytest imports this file in every project

    monkeypatch.setenv("AI_MOCK_MODE", "true")
    marker = request.node.get_closest_marker(MARKER)
    with mock(**({} if marker is None else _options(marker))) as sim:
        yield sim


def _options(marker: pytest.Mark) -> Mapping[str, Any]:
    from aijobs_sdk.contract.shapes import nearest  # noqa: PLC0415 - as above
    from aijobs_sdk.simulation.mock import mock  # noqa: PLC0415 - as above

    options = inspect.signature(mock).parameters
    for name in marker.kwargs:
        if name not in options:
            raise pytest.UsageError(f"The marker {MARKER} has no {name!r}.{nearest(name, options)}")
    if marker.args:
        raise pytest.UsageError(f"The marker {MARKER} takes names only: {', '.join(options)}.")
    return marker.kwargs
