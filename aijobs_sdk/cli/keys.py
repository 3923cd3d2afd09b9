"""`aijobs keys`: who may ask a server, for which tenant, and for what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import click
from pydantic import JsonValue

from aijobs_sdk.cli.ages import read_age
from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.cli.options import database_option, json_option
from aijobs_sdk.connect.keys import create_key, list_keys, revoke_key
from aijobs_sdk.contract.keys import ApiKey, Scope

SCOPES = click.Choice([scope.value for scope in Scope])
ONCE = "Keep it now: it will not be shown again."


@click.group()
def keys() -> None:
    """Make, list and revoke the keys that a server asks for.

    Keys are kept in the server's database, without their secrets: a lost key cannot be found again, only replaced.
    """


@keys.command()
@click.option("--name", required=True, help="What the key is for, as somebody will read it in a list.")
@click.option("--tenant", type=click.UUID, help="Whose jobs.  [default: AIJOBS_TENANT_ID, then the local tenant]")
@click.option("--user", type=click.UUID, help="Who asks.  [default: AIJOBS_USER_ID, then the local user]")
@click.option(
    "--scope",
    "scopes",
    type=SCOPES,
    multiple=True,
    default=("read", "write"),
    show_default=True,
    help="What for; may be said several times.",
)
@click.option("--expires", metavar="AGE", help="When it ends, such as 90d; units: w, d, h, m, s.  [default: never]")
@database_option
@json_option
def create(
    *,
    name: str,
    tenant: UUID | None,
    user: UUID | None,
    scopes: tuple[str, ...],
    expires: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Make a key, and show it this once."""
    key, secret = create_key(
        url,
        name=name,
        tenant_id=tenant,
        user_id=user,
        scopes=[Scope(scope) for scope in scopes],
        expires_in=None if expires is None else read_age(expires, option="--expires"),
    )
    if as_json:
        click.echo(json.dumps({**_shown(key), "key": secret.get_secret_value()}, indent=2))
    else:
        click.echo(secret.get_secret_value())
    click.echo(ONCE, err=True)


@keys.command("list")
@click.option("--tenant", type=click.UUID, help="Only of this tenant.")
@database_option
@json_option
def list_all(*, tenant: UUID | None, url: str | None, as_json: bool) -> None:
    """List all keys, oldest first: one a line, its fields separated by tabs, its id first."""
    found = list_keys(url, tenant_id=tenant)
    if as_json:
        click.echo(json.dumps([_shown(key) for key in found], indent=2))
    else:
        click.echo("".join(f"{_line(key)}\n" for key in found), nl=False)


@keys.command()
@click.argument("key_id", metavar="ID")
@database_option
def revoke(key_id: str, *, url: str | None) -> None:
    """Let a key count no more. ID is its part between the two underscores, as `aijobs keys list` shows it.

    A whole key will do: nothing of its secret is printed.
    """
    if (revoked := revoke_key(key_id, url)) is None:
        raise BadInput("There is no such key, or it was revoked before. `aijobs keys list` shows all and their ids.")
    click.echo(f"{revoked}: revoked")


def _shown(key: ApiKey) -> Mapping[str, JsonValue]:
    """Return what may be shown of a key: all but its digest."""
    fields = key.model_dump(mode="json", exclude={"digest", "scopes"})
    return {**fields, "scopes": sorted(key.scopes), "state": _state(key, datetime.now(UTC))}


def _state(key: ApiKey, now: datetime) -> str:
    if key.is_valid_at(now):
        return "valid"
    return "expired" if key.revoked_at is None else "revoked"


def _line(key: ApiKey) -> str:
    scopes = ",".join(sorted(key.scopes))
    expires = "never expires" if key.expires_at is None else f"expires {key.expires_at:%Y-%m-%d %H:%M} UTC"
    created = f"created {key.created_at:%Y-%m-%d %H:%M} UTC"
    state = _state(key, datetime.now(UTC))
    return "\t".join([key.id, key.name, str(key.tenant_id), scopes, created, expires, state])
