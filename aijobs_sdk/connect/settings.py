"""What a client is wired by: what the call says, then the environment, then our defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import bad_argument, checked, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.engine.chance import Seed
from aijobs_sdk.engine.limits import LONGEST_SECONDS, Limits

LOCAL_TENANT = uuid5(NAMESPACE_URL, "aijobs:tenant:local")
LOCAL_USER = uuid5(NAMESPACE_URL, "aijobs:user:local")
DEFAULT_URL = "memory://"
DEFAULT_PROFILE = "fast"
DEFAULT_ARTIFACTS = "aijobs-artifacts"
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class Settings(Fact):
    """What a client is wired by. `Settings.read()` fills in from the environment what the call left open."""

    url: str
    mock_mode: bool
    caller: Caller
    named_user: UUID | None
    """The caller's user, where somebody named one."""
    limits: Limits
    seed: Seed
    profile: str
    artifacts: str
    """Where pictures are kept: the path of a folder, or a URL."""
    models_file: Path | None
    """A file of models beside those that come with the SDK."""
    vocabularies: Path | None
    """A folder where tiktoken keeps vocabularies that it has fetched."""

    @classmethod
    def read(  # each argument is one thing a user may say instead of the environment
        cls,
        environment: Mapping[str, str],
        *,
        simulated: bool = False,
        url: str | None = None,
        tenant_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        concurrency: int | None = None,
        limits: Limits | None = None,
        seed: int = 0,
        profile: str = DEFAULT_PROFILE,
        artifacts: str | os.PathLike[str] | None = None,
    ) -> Settings:
        """Return the settings; what is said in the call comes before the environment.

        What lives in a simulated world is in mock mode, whatever AI_MOCK_MODE says here.

        Raises:
            ConfigurationError: a variable cannot be used; it is named. Or no host can be read from the URL.
            InvalidRequestError: an argument cannot be used; it is named.
        """
        tenant = _uuid(tenant_id, "tenant_id") or _uuid_in(environment, "AIJOBS_TENANT_ID") or LOCAL_TENANT
        user = _uuid(user_id, "user_id") or _uuid_in(environment, "AIJOBS_USER_ID")
        said = {
            "url": _readable(url or _word_in(environment, "AIJOBS_URL") or DEFAULT_URL),
            "mock_mode": _switch(environment, "AI_MOCK_MODE", default=True) or simulated,
            "caller": Caller(tenant_id=tenant, user_id=user or LOCAL_USER),
            "named_user": user,
            "limits": _limits(environment, limits, concurrency),
            "seed": seed,
            "profile": profile,
            "artifacts": _place(artifacts or environment.get("AIJOBS_ARTIFACTS") or DEFAULT_ARTIFACTS),
            "models_file": _file_in(environment, "AIJOBS_MODELS"),
            "vocabularies": _folder_of_vocabularies(environment),
        }
        return checked(cls, said, "No client can be wired so")


def _readable(url: str) -> str:
    try:
        urlsplit(str(url))
    except ValueError:  # not told as it is: it may hold a password
        raise ConfigurationError(
            "The URL, or AIJOBS_URL, is no address: no host can be read from it. An IPv6 host stands in brackets, such "
            "as `http://[::1]:8765`; write `[`, `]` and `@` in a password as `%5B`, `%5D` and `%40`."
        ) from None
    return url


def _word_in(environment: Mapping[str, str], name: str) -> str:
    """Return a variable without what `set NAME=value && …` of Windows and a file with its line ends leave behind it."""
    return environment.get(name, "").strip()


def _switch(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = _word_in(environment, name).lower()
    if not value:
        return default
    if value in _YES | _NO:
        return value in _YES
    raise ConfigurationError(f"{name} must be true or false, got {shape_of(value)}.")


def _limits(environment: Mapping[str, str], limits: Limits | None, concurrency: int | None) -> Limits:
    lease = environment.get("AIJOBS_LEASE_SECONDS") or None if limits is None else None
    limits = limits or Limits()
    if lease is not None:
        limits = limits.model_copy(update={"lease_seconds": _positive(lease, "AIJOBS_LEASE_SECONDS")})
    if concurrency is not None:
        if not isinstance(concurrency, int) or concurrency < 0:
            raise bad_argument("concurrency", "must be a number, 0 or more")
        limits = limits.model_copy(update={"concurrency": concurrency})
    return limits


def _place(given: object) -> str:
    """Return a URL as it is, and a folder so that it stays the same wherever the process goes."""
    place = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(place, str) or "\0" in place:
        raise bad_argument("artifacts", f"must be a folder or a URL, got {shape_of(given)}")
    is_url = "://" in place or place.startswith("file:")
    if is_url:
        return place
    folder = path_of("artifacts", place)
    try:
        return str(folder.absolute())
    except FileNotFoundError:
        raise ConfigurationError(
            "The folder that this process works in is gone, and files would be kept below it. Change to one that is "
            "there (`cd`, `os.chdir()`)."
        ) from None


def _file_in(environment: Mapping[str, str], name: str) -> Path | None:
    path = environment.get(name)
    if not path:
        return None
    try:
        is_file = Path(path).is_file()
    except OSError as error:  # of a folder that is closed to this user, or a name that no file can have
        raise ConfigurationError(f"{name} names no file that can be read: {error.strerror}.") from None
    if not is_file:
        raise ConfigurationError(f"{name} names no file: there is none at {path}.")
    return Path(path).absolute()


def _folder_of_vocabularies(environment: Mapping[str, str]) -> Path | None:
    """Return where tiktoken keeps its own, by its own variables; to it an empty one means: nowhere."""
    folder = environment.get("TIKTOKEN_CACHE_DIR", environment.get("DATA_GYM_CACHE_DIR"))
    return Path(folder) if folder else None


def _positive(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= LONGEST_SECONDS:
        raise ConfigurationError(
            f"{name} must be a number of seconds above 0, and at most {LONGEST_SECONDS:,.0f}, got {shape_of(text)}."
        )
    return number


def _uuid(value: UUID | str | None, name: str) -> UUID | None:
    if value is None or isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        raise bad_argument(name, f"must be a UUID, got {shape_of(value)}") from None


def _uuid_in(environment: Mapping[str, str], name: str) -> UUID | None:
    try:
        return _uuid(_word_in(environment, name) or None, name)
    except InvalidRequestError:
        raise ConfigurationError(f"{name} must be a UUID, got {shape_of(environment[name])}.") from None
