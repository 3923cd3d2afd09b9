"""What cannot let anybody in is told by the name of its variable, and nobody is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from aijobs_sdk.providers.credentials import AnthropicKeys, BedrockKeys, OpenAIKeys, VertexKeys

KEY = SecretStr("sk-0123456789abcdef")
OPENAI, ANTHROPIC = OpenAIKeys(api_key=KEY), AnthropicKeys(api_key=KEY)
BEDROCK, VERTEX = BedrockKeys(access_key_id=KEY, secret_access_key=KEY), VertexKeys(project="p", is_anonymous=True)
Keys = OpenAIKeys | AnthropicKeys | BedrockKeys | VertexKeys


@pytest.mark.parametrize("key", ["sk-“secret”", "sk-secret\u00a0", "sk-secret\r\nX-Evil: 1", "sk-secret\n", "секрет"])
@pytest.mark.parametrize(
    ("keys", "field", "variable"),
    [
        (OPENAI, "api_key", "OPENAI_API_KEY"),
        (ANTHROPIC, "api_key", "ANTHROPIC_API_KEY"),
        (BEDROCK, "access_key_id", "AWS_ACCESS_KEY_ID"),
        (BEDROCK, "secret_access_key", "AWS_SECRET_ACCESS_KEY"),
        (BEDROCK, "session_token", "AWS_SESSION_TOKEN"),
        (BEDROCK, "bearer_token", "AWS_BEARER_TOKEN_BEDROCK"),
    ],
)
def test_a_key_that_no_header_takes_is_told_and_not_shown(keys: Any, field: str, variable: str, key: str) -> None:
    missing = replace(keys, **{field: SecretStr(key)}).missing

    assert missing is not None
    assert missing.startswith(variable)
    assert "secret" not in missing


@pytest.mark.parametrize(
    "url",
    ["http://secret:pass@127.0.0.1/v1", "http://secret@127.0.0.1/v1", "http://secret.☃/v1", "http://secret/v1\r\nX: y"],
)
@pytest.mark.parametrize(
    ("keys", "variable"),
    [
        (OPENAI, "OPENAI_BASE_URL"),
        (ANTHROPIC, "ANTHROPIC_BASE_URL"),
        (BEDROCK, "ANTHROPIC_BEDROCK_BASE_URL"),
        (VERTEX, "GOOGLE_VERTEX_BASE_URL"),
    ],
)
def test_an_address_that_cannot_be_asked_is_told_and_not_shown(keys: Keys, variable: str, url: str) -> None:
    missing = replace(keys, base_url=url).missing

    assert missing is not None
    assert missing.startswith(variable)
    assert "secret" not in missing


@pytest.mark.parametrize(
    "url",
    [None, "https://proxy.example/v1", "http://[::1]:8080", "http://bücher.example", "https://proxy.example/ü@v1"],
)
def test_what_leads_somewhere_is_taken(url: str | None) -> None:
    assert replace(OPENAI, base_url=url).missing is None


@pytest.mark.parametrize("key", ["sk-proj_0123-ABC=", "a/b+c==", "two words"])
def test_any_key_that_can_be_sent_is_taken(key: str) -> None:
    assert replace(BEDROCK, bearer_token=SecretStr(key)).missing is None
