"""Draws the table of all checks in `docs/simulation.md`: `PYTHONPATH=tests python -m simulation.compat.draw_table`."""

from __future__ import annotations

import warnings

from simulation.compat.matrix import draw, new_matrix

if __name__ == "__main__":
    warnings.filterwarnings("ignore", "The model '.*claude-", DeprecationWarning)
    with new_matrix() as matrix:
        draw(matrix.table())
