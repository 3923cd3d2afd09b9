"""`python -m aijobs_sdk.server.openapi > docs/openapi.json` writes down how the job API is asked."""

from __future__ import annotations

import json
import sys

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey
from aijobs_sdk.server.app import create_app


def document_text() -> str:
    """Return the OpenAPI document, as it stands in `docs/openapi.json`."""
    return json.dumps(create_app(_no_backend, keys=_NoKeys()).openapi(), indent=1, ensure_ascii=False) + "\n"


def _no_backend(_: Caller) -> Backend:
    raise NotImplementedError("This application is described, and never asked.")


class _NoKeys:
    async def key(self, key_id: str) -> ApiKey | None:
        return None


if __name__ == "__main__":
    sys.stdout.write(document_text())
