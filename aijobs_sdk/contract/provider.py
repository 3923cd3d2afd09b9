"""The seam to whoever writes texts and draws pictures: a vendor's API, or the simulation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Literal, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from pydantic import Field, JsonValue

from aijobs_sdk.contract.given import Given
from aijobs_sdk.contract.model import Verbatim, unchecked
from aijobs_sdk.contract.word import Word


class ReasoningEffort(Word):
    """How long a model may think before it answers."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"


class ImageInput(Given):
    """A picture that stands in a prompt."""

    url: str = Field(pattern=r"^(https://\S+|data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+)$", repr=False)
    """Its address, or itself as a `data:` URL."""


class Tool(Given):
    """A function that the model may ask the caller to call."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = ""
    parameters: Annotated[Mapping[str, JsonValue], Verbatim()] = {"type": "object", "properties": {}}
    """The JSON schema of its arguments, an object."""


class ToolCall(Given):
    """A model's wish to have a function called."""

    id: str
    """Names the call in the message that answers it (`Message.tool_call_id`)."""
    name: str
    arguments: Annotated[Mapping[str, JsonValue], Verbatim()]
    """An object; whether it fits the tool's schema is for the caller to check."""
    signature: str | None = Field(default=None, repr=False)
    """What the vendor wants to have back with the call, and nobody else reads: Gemini's thoughts behind it."""


class Message(Given):
    """One turn of a conversation."""

    role: Literal["user", "assistant", "tool"]
    content: str = Field(default="", repr=False)
    images: tuple[ImageInput, ...] = ()
    """Of the user."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Of the assistant."""
    tool_call_id: str | None = None
    """Of a tool: the call that `content` is the outcome of."""


_said = unchecked(Message)


class GenerationRequest(Given):
    """One call for one text."""

    model: str
    """Our name for it, as in the table of models."""
    model_id: str = ""
    """The vendor's name for it, on the route that is taken."""
    region: str | None = None
    endpoint: str | None = None
    """Where that route leads; None: the vendor's library knows it from the region."""
    prompt: str
    """What the user says last."""
    images: tuple[ImageInput, ...] = ()
    """Pictures that stand in the prompt, before its words."""
    messages: tuple[Message, ...] = ()
    """What was said before the prompt, oldest first."""
    system: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    tools: tuple[Tool, ...] = ()
    output_schema: Mapping[str, JsonValue] | None = None
    """The JSON schema that the answer has to fit."""
    streamed: bool = True
    """Whether the answer comes while it is written; without, it comes in one piece, for less work."""
    tenant_id: UUID
    job_id: UUID
    attempt: int
    idempotency_token: str
    """The same for every attempt at this step of this job, so that a provider can tell a repeat."""
    draw_key: str
    """What a simulated answer hangs on (see `JobRequest.draw_key`)."""

    @property
    def conversation(self) -> tuple[Message, ...]:
        """All turns, the prompt as the last of them."""
        return (*self.messages, _said(role="user", content=self.prompt, images=self.images))


class TokenNeed(NamedTuple):
    """How many tokens a call is likely to take, before it is made."""

    input: int
    output: int


class Allowance(Given):
    """What is left of one limit, as a provider tells it with an answer."""

    limit: int = Field(ge=0)
    remaining: int = Field(ge=0)
    reset_seconds: float | None = None
    """Until all of it is there again; None where nobody says it in a way that can be used."""


class Allowances(Given):
    """What a provider allows for now; None where it says nothing."""

    requests: Allowance | None = None
    tokens: Allowance | None = None
    """Of requests and answers together."""
    input_tokens: Allowance | None = None
    output_tokens: Allowance | None = None


class TextChunk(Given):
    """Some more of the answer."""

    text: str


class Finished(Given):
    """The answer is whole: the terminal marker, last in every good stream."""

    finish_reason: Literal["stop", "length", "tool_calls"]
    input_tokens: int = Field(ge=0)
    """All that the model read, cached or not."""
    output_tokens: int = Field(ge=0)
    """All that it wrote, its reasoning included."""
    cached_input_tokens: int = Field(default=0, ge=0)
    """Of `input_tokens`, those that the provider still knew from before."""
    reasoning_tokens: int = Field(default=0, ge=0)
    """Of `output_tokens`, those that are not in the text."""
    tool_calls: tuple[ToolCall, ...] = ()
    served_model: str | None = None
    """The model that answered, in the provider's own words."""
    response_id: str | None = None
    """What the provider's support asks for."""
    allowances: Allowances | None = Field(default=None, repr=False)
    """What is left of its limits, where it says so."""


GenerationChunk = TextChunk | Finished


class ImageRequest(Given):
    """One call for one picture."""

    model: str
    model_id: str = ""
    region: str | None = None
    endpoint: str | None = None
    prompt: str
    size: str
    """Pixels: `1024x1536`, width first."""
    quality: Literal["low", "medium", "high"]
    tenant_id: UUID
    job_id: UUID
    attempt: int
    idempotency_token: str
    draw_key: str


class Picture(Given):
    """A picture as a provider drew it."""

    data: bytes = Field(repr=False)
    media_type: str
    """`image/png`, `image/jpeg` or `image/webp`."""
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    served_model: str | None = None


@runtime_checkable
class Provider(Protocol):
    """Who does the work. Retries are not its business: one request, one try."""

    @property
    def name(self) -> str:
        """Return the vendor's name: `openai`, `anthropic`, `bedrock`, `vertex`."""
        ...

    def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections; the next call opens new ones."""
        ...


@runtime_checkable
class ImageProvider(Provider, Protocol):
    """A provider that also draws."""

    async def draw(self, request: ImageRequest) -> Picture:
        """Return the picture.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        ...
