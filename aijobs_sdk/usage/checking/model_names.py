"""One name for a model, however an invoice writes it."""

from __future__ import annotations

import re

_DATE = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2})\b")
_REVISION = re.compile(r"-v\d+(:\d+)?$")
_VENDOR = re.compile(r"^([a-z]+\.)+(?=[a-z])")
_ASIDE = re.compile(r"\(.*?\)")


def plain_name(name: str) -> str:
    """Return the letters and digits that tell a model from others.

    `gpt-5.2-2025-12-11, input` is `gpt52`; `Claude Sonnet 4.5` and `us.anthropic.claude-sonnet-4-5-20250929-v1:0` are
    both `claudesonnet45`.
    """
    kind_of_token_cut = name.lower().split(",")[0]
    own_name = _ASIDE.sub("", kind_of_token_cut).strip().rsplit("/", maxsplit=1)[-1]
    undated = _DATE.sub("", _REVISION.sub("", _VENDOR.sub("", own_name)))
    return re.sub(r"[^a-z0-9]", "", undated)
