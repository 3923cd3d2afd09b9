"""What a batch is asked for, in the words of `client.batch()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from pydantic import BaseModel

if TYPE_CHECKING:  # a client shows these words, and loads no more of this room before it is asked for a batch
    from aijobs_sdk.batch.asking.question import Prompt
    from aijobs_sdk.batch.asking.recipe import OnNull


class BatchArguments(TypedDict, total=False):
    """What `batch()` takes besides the rows; None is as left out."""

    prompt: Prompt | None
    """A template over the columns, such as `Summarise: {text}`; several of them, for a conversation; or a function from
    a row to a prompt, or to a mapping of payload fields."""
    model: str | Sequence[str] | None
    """A model's name, or a template such as `{model}`; or several: each row is asked of each of them."""
    name: str | None
    """Keeps a journal: the same call goes on after a crash, and pays for nothing twice."""
    system: str | None
    """Instructions that stand before every prompt; a template, as the following may be."""
    messages: str | Sequence[Mapping[str, object]] | None
    """What was said before the prompt: `{history}` takes a row's own."""
    images: str | Sequence[str | Path] | None
    """Pictures that stand in the prompt: `{photo}` takes a row's own paths or addresses."""
    temperature: float | str | None
    """0 to 2, as the model understands it; `{t}` takes a row's own, as for all parameters."""
    max_tokens: int | str | None
    """The longest answer."""
    output_model: type[BaseModel] | None
    """What each answer has to fit: `output` is an instance, and its fields are columns. An answer that does not fit is
    asked about once more."""
    parameters: Mapping[str, object] | None
    """More of what `submit()` takes, such as `top_p`, `seed`, `reasoning_effort` or `fallback`."""
    on_null: OnNull | None
    """What to do about a row with an empty cell where one is needed: `error`, which is usual, refuses the batch before
    anything is sent, `skip` leaves the row out."""
    id: str | None
    """A column whose values must be there, and be different in each row."""
    concurrency: int | Mapping[str, int] | None
    """Rows under way at the same time, which models share evenly (100 where it is left out); or a mapping from models.
    """
    budget: Decimal | int | str | None
    """Credits that the batch may cost, all its runs together; it pauses before it would cost more."""
    dedupe: bool | None
    """False: rows that ask the same do not share one answer."""
    fail_fast: bool | None
    """True: the first row that fails ends the run."""
    row_timeout: float | None
    """Seconds that one row may take."""
    deadline: float | None
    """Seconds that a run may take."""
    economy: bool | None
    """True: rows go through the vendors' own batches, for half the price, and are answered within a day."""
    detach: bool | None
    """Whether a process of its own runs it, which goes on when this one ends; where it is left out that is so for a
    batch with a name in a place that lasts."""
