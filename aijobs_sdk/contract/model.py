"""The one shape of every fact that crosses a room's border: frozen, and strict about names."""

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A value that never changes after it was made; a field it does not know is an error."""

    # Built at first use: a program that reads one kind of fact does not pay for all of them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
