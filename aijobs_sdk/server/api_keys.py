"""The text of an API key: `aij_<id>_<secret>`. How a key is made, read, and told from a forgery."""

from __future__ import annotations

import hmac
import re
import secrets
import string
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from pydantic import SecretStr

from aijobs_sdk.contract.keys import ApiKey, Scope

ID_LENGTH = 12
_ID_LETTERS = string.digits + string.ascii_lowercase
_SECRET_BYTES = 32
_KEY = re.compile(r"aij_([0-9a-z]{12})_([0-9A-Za-z_-]{43})")


class KeyText(NamedTuple):
    """What the text of a key says: which record it belongs to, and the secret that proves it."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        """Show the id alone: a traceback with its variables must not hold the secret."""
        return f"KeyText(key_id={self.key_id!r})"


def new_key(
    *,
    tenant_id: UUID,
    user_id: UUID,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, SecretStr]:
    """Return the record to store, and the key's whole text, which nobody can find again from the record."""
    text = KeyText("".join(secrets.choice(_ID_LETTERS) for _ in range(ID_LENGTH)), secrets.token_urlsafe(_SECRET_BYTES))
    key = _record(text, tenant_id=tenant_id, user_id=user_id, name=name, scopes=scopes, now=now, expires_at=expires_at)
    return key, SecretStr(f"aij_{text.key_id}_{text.secret}")


def known_key(
    text: str, *, tenant_id: UUID, user_id: UUID, name: str, scopes: Collection[Scope], now: datetime
) -> ApiKey | None:
    """Return the record of a key whose text somebody has already, None where no key reads like that."""
    written = read_key(text)
    if written is None:
        return None
    return _record(written, tenant_id=tenant_id, user_id=user_id, name=name, scopes=scopes, now=now)


def read_key(text: str) -> KeyText | None:
    """Return what a key's text says, None where no key reads like that."""
    written = _KEY.fullmatch(text)
    return None if written is None else KeyText(*written.groups())


def fits(key: ApiKey, secret: str) -> bool:
    """Return whether this is the secret of that key, in a time that does not tell how near it came."""
    return hmac.compare_digest(key.digest, _digest(secret))


def _record(
    text: KeyText,
    *,
    tenant_id: UUID,
    user_id: UUID,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    expires_at: datetime | None = None,
) -> ApiKey:
    return ApiKey(
        id=text.key_id,
        tenant_id=tenant_id,
        user_id=user_id,
        name=name,
        scopes=frozenset(scopes),
        digest=_digest(text.secret),
        created_at=now,
        expires_at=expires_at,
    )


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
