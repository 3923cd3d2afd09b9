"""How a client says where its jobs run, in which world, and whose they are: without asking anybody, and no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aijobs_sdk.connect.servers import is_server
from aijobs_sdk.connect.settings import LOCAL_TENANT, Settings
from aijobs_sdk.contract.showing import heading, known_facts
from aijobs_sdk.markup import Markup, markup
from aijobs_sdk.simulation.mock import Mock


@dataclass(frozen=True, slots=True)
class Standpoint:
    """What there is to say of a client, in words."""

    short: str
    facts: Mapping[str, str]

    def text(self, kind: str) -> str:
        """Return it in one line: `<Client memory://, simulated (profile fast, seed 0)>`."""
        return f"<{kind} {self.short}>"

    def html(self, kind: str) -> Markup:
        """Return it for a page."""
        return markup(heading(kind), known_facts(self.facts))


def standpoint(settings: Settings, simulated: Mock | None = None) -> Standpoint:
    """Return where a client with these settings stands, and in the world of which `mock()`, if of one."""
    address = without_password(settings.url)
    if is_server(settings.url):
        facts = {"jobs run at": address, "providers": "as the server has them", "tenant": "the key's own"}
        return Standpoint(f"{address}, a server", facts)
    return _in_world(settings, _world(settings, simulated))


def standpoint_elsewhere(settings: Settings) -> Standpoint:
    """Return where a client stands whose `mock()` is another process's."""
    return _in_world(settings, "simulated (aijobs.mock of another process)")


def _in_world(settings: Settings, world: str) -> Standpoint:
    address, tenant = without_password(settings.url), settings.caller.tenant_id
    is_local = tenant == LOCAL_TENANT
    facts = {"jobs run at": address, "providers": world, "tenant": "local" if is_local else str(tenant)}
    return Standpoint(f"{address}, {world}" + ("" if is_local else f", tenant {tenant}"), facts)


def without_password(url: str) -> str:
    """Return what may be shown of an address: passwords stand before the host, or among the options."""
    if url.startswith("sqlite:"):
        return url
    return re.sub(r"//.*@", "//", url).partition("?")[0]


def _world(settings: Settings, simulated: Mock | None) -> str:
    if simulated is not None:
        return f"simulated (aijobs.mock, seed {simulated.seed})"
    return f"simulated (profile {settings.profile}, seed {settings.seed})" if settings.mock_mode else "real"
