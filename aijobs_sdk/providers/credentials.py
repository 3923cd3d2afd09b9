"""What lets us in at each vendor, and what to set where it is missing. Secrets show in no repr and are never stored."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from aijobs_sdk.providers.address import problem_of_address


@dataclass(frozen=True, slots=True)
class OpenAIKeys:
    """OpenAI's."""

    api_key: SecretStr | None = None
    base_url: str | None = None
    """Where to ask instead of where the route leads: a proxy, or `mock_server`."""

    @property
    def missing(self) -> str | None:
        """What to set before OpenAI can be asked; None where nothing is missing."""
        if not self.api_key:
            return "Set OPENAI_API_KEY, or pass `api_keys={'openai': …}` to the client."
        wrong_key = _wrong_key(self.api_key, "OPENAI_API_KEY (or `api_keys`)")
        return wrong_key or _wrong_address(self.base_url, "OPENAI_BASE_URL")


@dataclass(frozen=True, slots=True)
class AnthropicKeys:
    """Anthropic's own."""

    api_key: SecretStr | None = None
    base_url: str | None = None

    @property
    def missing(self) -> str | None:
        """What to set before Anthropic can be asked; None where nothing is missing."""
        if not self.api_key:
            return "Set ANTHROPIC_API_KEY, or pass `api_keys={'anthropic': …}` to the client."
        wrong_key = _wrong_key(self.api_key, "ANTHROPIC_API_KEY (or `api_keys`)")
        return wrong_key or _wrong_address(self.base_url, "ANTHROPIC_BASE_URL")


@dataclass(frozen=True, slots=True)
class BedrockKeys:
    """Those of AWS. What is not here, AWS's own library looks for: profiles, single sign-on, roles."""

    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    bearer_token: SecretStr | None = None
    """A Bedrock API key, in place of the signature that the others make."""
    has_others: bool = False
    """Whether the environment or a file in the user's folder names credentials for AWS's own library to find."""
    base_url: str | None = None

    @property
    def missing(self) -> str | None:
        """What to set before Bedrock can be asked; None where nothing is missing."""
        if self.bearer_token or (self.access_key_id and self.secret_access_key) or self.has_others:
            return self._wrong_key() or _wrong_address(self.base_url, "ANTHROPIC_BEDROCK_BASE_URL")
        return (
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or AWS_BEARER_TOKEN_BEDROCK; "
            "where the machine has a role, AWS_EC2_METADATA_DISABLED=false."
        )

    def _wrong_key(self) -> str | None:
        return (
            _wrong_key(self.bearer_token, "AWS_BEARER_TOKEN_BEDROCK (or `api_keys`)")
            or _wrong_key(self.access_key_id, "AWS_ACCESS_KEY_ID")
            or _wrong_key(self.secret_access_key, "AWS_SECRET_ACCESS_KEY")
            or _wrong_key(self.session_token, "AWS_SESSION_TOKEN")
        )


@dataclass(frozen=True, slots=True)
class VertexKeys:
    """Google Cloud's."""

    project: str | None = None
    has_credentials: bool = False
    """Whether the environment or a file in the user's folder names credentials for Google's own library to find."""
    is_anonymous: bool = False
    """Whether no credentials are to be looked for or sent: a simulated vendor asks for none."""
    base_url: str | None = None

    @property
    def missing(self) -> str | None:
        """What to set before Vertex AI can be asked; None where nothing is missing."""
        if not self.project:
            return "Set GOOGLE_CLOUD_PROJECT to the project that is billed."
        if not self.has_credentials and not self.is_anonymous:
            return "Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run `gcloud auth application-default login`."
        return _wrong_address(self.base_url, "GOOGLE_VERTEX_BASE_URL")


@dataclass(frozen=True, slots=True)
class Credentials:
    """All of them."""

    openai: OpenAIKeys = OpenAIKeys()
    anthropic: AnthropicKeys = AnthropicKeys()
    bedrock: BedrockKeys = BedrockKeys()
    vertex: VertexKeys = VertexKeys()

    @classmethod
    def made_up(cls) -> Credentials:
        """Return some that no vendor knows, and every simulated one takes."""
        secret = SecretStr("made-up")
        return cls(
            openai=OpenAIKeys(api_key=secret),
            anthropic=AnthropicKeys(api_key=secret),
            bedrock=BedrockKeys(access_key_id=secret, secret_access_key=secret),
            vertex=VertexKeys(project="made-up", is_anonymous=True),
        )


def _wrong_key(key: SecretStr | None, where: str) -> str | None:
    # Headers take nothing else, and vendors' libraries tell it as if an answer had been odd.
    value = "" if key is None else key.get_secret_value()
    if value.isascii() and value.isprintable():
        return None
    return f"{where} holds no key: there is a line end in it, or a letter or a quote that is not ASCII. Copy it anew."


def _wrong_address(url: str | None, variable: str) -> str | None:
    problem = None if url is None else problem_of_address(url)
    return None if problem is None else f"{variable} {problem}, or unset it."
