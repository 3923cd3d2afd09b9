"""Facts that a user writes: what cannot be used is refused in our own words, as any other argument is."""

from __future__ import annotations

from pydantic import ValidationError

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import refused


class Given(Fact):
    """A fact that a user writes by its name, such as `aijobs.Price(...)`.

    Made of data (`model_validate`, or as a part of another fact), it tells pydantic's errors like every fact: whoever
    reads a file or a request knows more of where a value stands.
    """

    def __init__(self, /, **given: object) -> None:
        """Hold these values.

        Raises:
            InvalidRequestError: one cannot be used; the message names each, and what was expected.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise refused(error, type(self), f"No {type(self).__name__} can be made so", own_words=True) from None

    # As in pydantic's own: validation of data goes past this, and keeps its places.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]
