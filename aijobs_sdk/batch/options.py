"""How the rows of a batch are run: what a journal keeps so that another process runs them the same way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact, StoredJson
from aijobs_sdk.contract.records import Credits
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import problems_of

DEFAULT_CONCURRENCY = 100
Places = Annotated[int, Field(ge=1)]


def _unless_endless(seconds: float | None) -> float | None:
    return None if seconds == math.inf else seconds  # which JSON, in which journals and servers keep it, has not


Seconds = Annotated[Annotated[float, Field(gt=0)] | None, AfterValidator(_unless_endless)]


class BatchOptions(Fact):
    """What a caller may choose about a run."""

    concurrency: Places | Annotated[Mapping[str, Places], Field(min_length=1)] = DEFAULT_CONCURRENCY
    """Rows under way at the same time: over all models, which share them evenly, or for each model by its name."""
    budget: Credits | None = None
    """Credits that the whole batch may cost, all its runs together; None: any amount."""
    dedupe: bool = True
    """Whether rows that ask the same share one answer."""
    fail_fast: bool = False
    """Whether the first row that fails ends the run."""
    row_timeout: Seconds = None
    """Seconds that one row may take from being sent to its end, turns and repairs together; None: as jobs may."""
    deadline: Seconds = None
    """Seconds that a run may take; None, or infinity: as long as it takes."""
    economy: bool = False
    """Whether rows go through the vendors' own batches, at half the price and within a day."""
    retry_failed_until: datetime | None = None
    """Rows that failed at this instant or before are asked again."""

    def chosen(self) -> dict[str, object]:
        """Return what was said, be it the default."""
        return {name: value for name, value in self if name in self.model_fields_set}

    def changed(self, **given: object) -> BatchOptions:
        """Return the options with what is given and not None instead.

        Raises:
            InvalidRequestError: a value cannot be used; its name is that of the argument.
        """
        known = {name: value for name, value in given.items() if value is not None}
        return checked_options({**self.model_dump(), **known})


def checked_options(given: Mapping[str, object]) -> BatchOptions:
    """Return the options.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    try:
        return BatchOptions.model_validate(given)
    except ValidationError as error:
        first = problems_of(error, known=BatchOptions.model_fields)[0]
        raise _bad_option(first.field, first.problem) from None


def read_options(settings: Mapping[str, StoredJson]) -> BatchOptions:
    """Return the options that a journal keeps."""
    known = {name: value for name, value in settings.items() if name in BatchOptions.model_fields}
    return checked_options(known)


def _bad_option(field: str, problem: str) -> InvalidRequestError:
    name = field.partition(".")[0].partition("[")[0]
    if name == "concurrency":
        return bad_argument(name, "must be 1 or more, or a mapping from models to such numbers")
    return bad_argument(name, problem)
