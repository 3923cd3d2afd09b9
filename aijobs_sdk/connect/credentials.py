"""Keys of the vendors, from the environment and from the call."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.providers.credentials import AnthropicKeys, BedrockKeys, Credentials, OpenAIKeys, VertexKeys

_BY_KEY = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "bedrock": "AWS_BEARER_TOKEN_BEDROCK"}
"""Vendors that a single key opens, and the variable that holds it."""
_OF_AWS = (
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def read_credentials(
    environment: Mapping[str, str], api_keys: Mapping[str, str | SecretStr] | None = None
) -> Credentials:
    """Return the keys; what is said in the call comes before the environment.

    Raises:
        InvalidRequestError: a key is for no vendor that takes one, or is empty, or this is no mapping.
    """
    if api_keys is not None and not isinstance(api_keys, Mapping):
        raise _unusable(f"must be a mapping of vendors to their keys, got {shape_of(api_keys)}")
    given = {name: _checked(name, key) for name, key in (api_keys or {}).items()}

    def key(vendor: str) -> SecretStr | None:
        return given.get(vendor) or _secret(environment, _BY_KEY[vendor])

    return Credentials(
        openai=OpenAIKeys(api_key=key("openai"), base_url=environment.get("OPENAI_BASE_URL") or None),
        anthropic=AnthropicKeys(api_key=key("anthropic"), base_url=environment.get("ANTHROPIC_BASE_URL") or None),
        bedrock=BedrockKeys(
            access_key_id=_secret(environment, "AWS_ACCESS_KEY_ID"),
            secret_access_key=_secret(environment, "AWS_SECRET_ACCESS_KEY"),
            session_token=_secret(environment, "AWS_SESSION_TOKEN"),
            bearer_token=key("bedrock"),
            has_others=_has_others(environment),
            base_url=environment.get("ANTHROPIC_BEDROCK_BASE_URL") or None,
        ),
        vertex=VertexKeys(
            project=environment.get("GOOGLE_CLOUD_PROJECT") or None,
            has_credentials=_has_google_credentials(environment),
            is_anonymous=_is_here(environment.get("GOOGLE_VERTEX_BASE_URL")),
            base_url=environment.get("GOOGLE_VERTEX_BASE_URL") or None,
        ),
    )


def _checked(vendor: str, key: str | SecretStr) -> SecretStr:
    if vendor not in _BY_KEY:
        raise _unusable(f"names no vendor that takes a key.{nearest(str(vendor), _BY_KEY)}")
    secret = key if isinstance(key, SecretStr) else SecretStr(key) if isinstance(key, str) else None
    if secret is None or not secret.get_secret_value().strip():
        raise _unusable(f"holds no key for {vendor!r}, but {shape_of(key)}")
    return secret


def _unusable(problem: str) -> InvalidRequestError:
    return bad_argument("api_keys", problem)


def _secret(environment: Mapping[str, str], name: str) -> SecretStr | None:
    value = environment.get(name, "").strip()
    return SecretStr(value) if value else None


def _has_others(environment: Mapping[str, str]) -> bool:
    asks_for_a_role = environment.get("AWS_EC2_METADATA_DISABLED", "").strip().lower() == "false"
    folder = _home(environment) / ".aws"
    files = (folder / "credentials", folder / "config")
    return asks_for_a_role or any(environment.get(name) for name in _OF_AWS) or any(map(_is_there, files))


def _has_google_credentials(environment: Mapping[str, str]) -> bool:
    default = _home(environment) / ".config" / "gcloud" / "application_default_credentials.json"
    return bool(environment.get("GOOGLE_APPLICATION_CREDENTIALS")) or _is_there(default)


def _is_here(url: str | None) -> bool:
    """Whether an address is on this machine: no token of Google's is fetched for a simulated Vertex AI."""
    try:
        host = urlsplit(url or "").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # the name of another machine, or no address at all
        return False


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that may not be looked into
        return False


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or environment.get("USERPROFILE") or "/nowhere")
