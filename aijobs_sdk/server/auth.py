"""Who asks, by the key they show, and whether the key is for what they ask."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from aijobs_sdk.contract.errors import (
    AIJobsError,
    AuthenticationError,
    PermissionDeniedError,
    StoreUnavailableError,
)
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.server.api_keys import fits, read_key
from aijobs_sdk.server.own_machine import is_of_this_machine
from aijobs_sdk.server.site import Keys, Site, Visitor, site_of

_key = HTTPBearer(scheme_name="key", description="An API key: `aij_…`.", auto_error=False)
_Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_key)]

_STRANGER = ApiKey(
    id="0",
    tenant_id=UUID(int=0),
    user_id=UUID(int=0),
    name="stranger",
    scopes=frozenset({Scope.READ}),
    digest="0" * 64,
    created_at=datetime.min.replace(tzinfo=UTC),
)
"""Stands in for a key that nobody has, so that an unknown id costs what a wrong secret does. No secret fits it."""


async def reading(request: Request, shown: _Shown) -> Visitor:
    """Let in who may see."""
    return await _let_in(request, shown, Scope.READ)


async def writing(request: Request, shown: _Shown) -> Visitor:
    """Let in who may submit and change."""
    return await _let_in(request, shown, Scope.WRITE)


async def operating(request: Request, shown: _Shown) -> Visitor:
    """Let in who may look after the server."""
    return await _let_in(request, shown, Scope.OPERATE)


Reader = Annotated[Visitor, Depends(reading)]
Writer = Annotated[Visitor, Depends(writing)]
Operator = Annotated[Visitor, Depends(operating)]


async def _let_in(request: Request, shown: HTTPAuthorizationCredentials | None, scope: Scope) -> Visitor:
    site = site_of(request)
    caller = await _caller(request, shown, scope, site)
    site.pace.pass_one(caller.tenant_id)
    return Visitor(caller, site.backend_for(caller), site, partial(_may_stay, shown, scope, site))


async def _may_stay(shown: HTTPAuthorizationCredentials | None, scope: Scope, site: Site) -> bool:
    """Return whether somebody who was let in still would be; a store that is away says nothing against it."""
    if shown is None:  # whoever was let in without a key
        return True
    try:
        return scope in (await _key_of(shown.credentials, site.keys)).scopes
    except StoreUnavailableError:
        return True
    except AIJobsError:  # a key that counts no more, or whose record cannot be read
        return False


async def _caller(request: Request, shown: HTTPAuthorizationCredentials | None, scope: Scope, site: Site) -> Caller:
    if "authorization" not in request.headers and site.keyless is not None and is_of_this_machine(request):
        return site.keyless
    if shown is None:
        raise AuthenticationError(
            "This server wants an API key (`Authorization: Bearer aij_…`). Set AIJOBS_API_KEY, or pass `api_key`."
        )
    key = await _key_of(shown.credentials, site.keys)
    if scope not in key.scopes:
        raise PermissionDeniedError(scope)
    return key.caller


async def _key_of(text: str, keys: Keys) -> ApiKey:
    written = read_key(text)
    found = None if written is None else await keys.key(written.key_id)
    known = fits(found or _STRANGER, "" if written is None else written.secret)
    if found is None or not known or not found.is_valid_at(datetime.now(UTC)):
        raise AuthenticationError(
            "This server does not know the API key, or it was revoked or has expired. "
            "Set AIJOBS_API_KEY to one that is valid, or pass `api_key`."
        )
    return found
