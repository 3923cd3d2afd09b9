"""What stands behind a client whose mock world is another process's: nothing that could be asked."""

from __future__ import annotations

from typing import NoReturn

from aijobs_sdk.contract.errors import ConfigurationError


class Elsewhere:
    """In the place of a backend: whatever is asked of it is refused.

    Only then, and not where the client is unpickled: a worker of a pool dies of an argument that cannot be unpickled,
    and who waits for its answer waits for ever.
    """

    def __getattr__(self, name: str) -> NoReturn:
        raise ConfigurationError(
            "This client belongs to a mock world of another process, whose rules and time are not known here. Make a "
            "client in this process, inside a `mock()` of its own; only a forked child knows the worlds of its parent."
        )

    async def aclose(self) -> None:
        """Close nothing."""
