"""What the vendors' own clients can do with the simulation, in process and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulation.compat.check import Check
from simulation.compat.checks import CHECKS
from simulation.compat.matrix import Matrix, drawn_table, new_matrix

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")
CELLS = [
    pytest.param(check, host_name, id=f"{check.surface}: {check.name}, {host_name}")
    for check in CHECKS
    for host_name in check.hosts
]


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with new_matrix() as empty:
        yield empty


@pytest.mark.parametrize(("check", "host_name"), CELLS)
def test_a_vendors_own_client_gets_what_it_expects(matrix: Matrix, check: Check, host_name: str) -> None:
    outcome = matrix.outcome(check, host_name)
    assert outcome is None, outcome


def test_the_documented_table_is_what_the_run_gives(matrix: Matrix) -> None:
    """`PYTHONPATH=tests python -m simulation.compat.draw_table` draws it anew."""
    assert drawn_table() == matrix.table()
