"""What stands in the columns of rows, as one digest: rows may ask the same and yet be others."""

from __future__ import annotations

import json
from hashlib import blake2b

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.reading.cells import to_json

_DIGEST_BYTES = 16


class InputsDigest:
    """Takes in rows, in their order, as a journal keeps them: read from there they come to the same."""

    def __init__(self) -> None:
        self._rows = blake2b(digest_size=_DIGEST_BYTES)

    def add(self, item: Item) -> None:
        """Take in the next row."""
        inputs = {name: to_json(value) for name, value in item.inputs.items()}
        self._rows.update(_written([item.skipped, inputs]))

    def of(self, columns: Columns) -> str:
        """Return the digest of all rows so far, whose columns these are: a date is another thing than its text."""
        all_of_it = self._rows.copy()
        all_of_it.update(_written(columns.to_json()))
        return all_of_it.hexdigest()


def _written(value: object) -> bytes:
    return json.dumps(value).encode()
