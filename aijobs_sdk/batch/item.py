"""From an input row to what is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from aijobs_sdk.batch.refusal import bad_row
from aijobs_sdk.batch.rows import Row
from aijobs_sdk.batch.template import Template
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.contract.model import Fact


class Item(Fact):
    """A row whose templates are filled in."""

    index: int
    inputs: Row
    prompt: str
    model: str

    def request(self, batch_id: UUID, *, retry: int, parameters: Mapping[str, object]) -> JobRequest:
        """Return the request; `retry` counts how often the row was run again after it had failed.

        The key makes sending it twice harmless, as when a run was interrupted before the answer arrived.
        """
        work = f"row/{self.index}" if not retry else f"row/{self.index}/retry/{retry}"
        return JobRequest(
            type="ai_generation",
            payload={"prompt": self.prompt, "model": self.model, "stream": False, **parameters},
            idempotency_key=f"batch/{batch_id}/{work}",
            draw_key=work,
        )


def fill(row: Row, *, index: int, prompt: Template, model: Template) -> Item:
    """Return the item of one row.

    Raises:
        InvalidRequestError: a template cannot be filled, or the prompt comes out empty.
    """
    text = prompt.fill(row, index=index)
    if not text.strip():
        raise bad_row(index, "the prompt is empty; fill the columns it uses, or leave the row out")
    return Item(index=index, inputs=row, prompt=text, model=model.fill(row, index=index))
