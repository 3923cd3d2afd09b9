"""The key of a server that keeps none: the one in its environment, or one that is made as it starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.server.api_keys import known_key, new_key

_NAME = "of the server's start"
_EVERYTHING = frozenset(Scope)


def first_key(environment: Mapping[str, str], caller: Caller) -> tuple[ApiKey, SecretStr | None]:
    """Return a key that opens everything for this caller, and its text where nobody has it yet.

    AIJOBS_API_KEY says a key that others have been told already, such as the containers of one compose file.

    Raises:
        ConfigurationError: AIJOBS_API_KEY does not read like a key.
    """
    tenant, user, now = caller.tenant_id, caller.user_id, datetime.now(UTC)
    text = environment.get("AIJOBS_API_KEY", "").strip()
    if not text:
        return new_key(tenant_id=tenant, user_id=user, name=_NAME, scopes=_EVERYTHING, now=now)
    key = known_key(text, tenant_id=tenant, user_id=user, name=_NAME, scopes=_EVERYTHING, now=now)
    if key is None:
        raise ConfigurationError(
            "AIJOBS_API_KEY does not read like a key: `aij_`, 12 digits or small letters, `_`, and 43 letters, digits, "
            "`-` or `_`. Leave it out, and one is made."
        )
    return key, None
