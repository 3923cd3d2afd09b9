"""Where the files that jobs make are kept: a folder, or an object store behind a URL."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ConfigurationError, ProviderError

_WITH_FOLDERS = frozenset({"ftp", "sftp", "ssh", "hdfs", "webhdfs", "smb"})
"""Places in which a file needs a folder that exists. Object stores have none, and would make a bucket of it."""
_FOLDERS = frozenset({"file", "local"})
"""What fsspec calls a folder of this machine."""
_MAY_PASS = (ConnectionError, TimeoutError)


class Artifacts(Protocol):
    """A place for files. A name belongs to a job, so that another attempt writes over what an earlier one left."""

    async def check(self) -> None:
        """Return when files can be kept here, as far as can be told without keeping one.

        Raises:
            ProviderError: they cannot; `artifacts_unavailable`.
        """
        ...

    async def load(self, name: str) -> bytes | None:
        """Return what is kept under a name, None where nothing is.

        Raises:
            ProviderError: that cannot be told; `artifacts_unavailable`.
        """
        ...

    def url_of(self, name: str) -> str:
        """Return the URL of what is kept under a name, without what may be secret in it."""
        ...

    async def save(self, name: str, data: bytes) -> str:
        """Keep the data under a name such as `tenant/job/1.png`, whole or not at all, and return its URL.

        Raises:
            ProviderError: it cannot be kept; `artifacts_unavailable`.
        """
        ...


def open_artifacts(place: str) -> Artifacts:
    """Return the place: a folder, by its path or as `file:///…`, or any URL that fsspec knows. Nothing is made yet.

    Raises:
        ConfigurationError: the URL cannot be used, or a library for it is missing.
    """
    try:
        parts = urlsplit(place)
        _ = "://" in place and parts.port
    except ValueError:  # half an IPv6 address, or a password with a `/`: nobody can tell where that ends
        shown = f"{place.partition('://')[0]}://…"
        raise _unusable(shown, "is no URL. A password has `/` as `%2F`, `@` as `%40`") from None
    if parts.scheme in _FOLDERS:
        return Folder(_path_of(parts, place))
    if "://" not in place:
        return Folder(Path(place))
    if parts.query or parts.fragment:
        raise _unusable(place, "holds a `?` or `#`, and names of files are put after it: leave out what follows")
    if find_spec("fsspec") is None:
        raise ConfigurationError(
            f"Pictures at {_shown(place)} need fsspec: pip install 'aijobs-sdk[artifacts]'. A folder needs nothing."
        )
    _load_library(place)
    return Remote(place.rstrip("/"))


def _path_of(parts: SplitResult, place: str) -> Path:
    from urllib.request import url2pathname  # noqa: PLC0415 - it brings HTTP, and few places are such URLs

    if parts.netloc not in {"", "localhost"}:
        raise _unusable(place, "names a machine after the `//`: a folder of this one begins with a third `/`")
    if not parts.path or parts.query or parts.fragment:
        raise _unusable(place, "names no folder, or holds a `?` or `#`, which a URL has as `%3F` and `%23`")
    return Path(url2pathname(parts.path))


class Folder:
    """A folder of this machine, made with the first file."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser().absolute()

    async def check(self) -> None:
        """Return when the folder is there, and may be written to."""
        await asyncio.to_thread(self._check)

    async def load(self, name: str) -> bytes | None:
        """Return what the file holds."""
        return await asyncio.to_thread(self._load, name)

    def url_of(self, name: str) -> str:
        """Return the `file:///…` of the file."""
        return (self._path / name).as_uri()

    async def save(self, name: str, data: bytes) -> str:
        """Write the file, and return its `file:///…`."""
        await asyncio.to_thread(self._save, name, data)
        return self.url_of(name)

    def _check(self) -> None:
        with _told(str(self._path)):
            self._path.mkdir(parents=True, exist_ok=True)
            if not os.access(self._path, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _load(self, name: str) -> bytes | None:
        with _told(str(self._path)):
            try:
                return (self._path / name).read_bytes()
            except FileNotFoundError:
                return None

    def _save(self, name: str, data: bytes) -> None:
        path = self._path / name
        with _told(str(self._path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, data)


class Remote:
    """A place that fsspec knows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._shown = _shown(url)
        self._has_folders = urlsplit(url).scheme in _WITH_FOLDERS

    async def check(self) -> None:
        """Return when there is a connection, where the place needs one; whether it may be written to shows later."""
        await asyncio.to_thread(self._check)

    async def load(self, name: str) -> bytes | None:
        """Get the file."""
        return await asyncio.to_thread(self._load, name)

    def url_of(self, name: str) -> str:
        """Return the URL of the file, without a password."""
        return f"{self._shown}/{name}"

    async def save(self, name: str, data: bytes) -> str:
        """Put the file there, and return its URL, without a password."""
        await asyncio.to_thread(self._save, name, data)
        return self.url_of(name)

    def _check(self) -> None:
        with _told(self._shown, of=Exception):
            _reach(self._url)

    def _load(self, name: str) -> bytes | None:
        with _told(self._shown, of=Exception):
            files, root = _reach(self._url)
            try:
                return files.cat_file(f"{root}/{name}")
            except FileNotFoundError:
                return None

    def _save(self, name: str, data: bytes) -> None:
        with _told(self._shown, of=Exception):
            files, root = _reach(self._url)
            path = f"{root}/{name}"
            if self._has_folders:
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
            files.pipe_file(path, data)


class _FileSystem(Protocol):
    """What is needed of fsspec's."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None: ...  # noqa: FBT001, FBT002 - fsspec's own

    def cat_file(self, path: str) -> bytes: ...

    def pipe_file(self, path: str, value: bytes) -> None: ...


def _reach(url: str) -> tuple[_FileSystem, str]:
    """Return what fsspec reaches the place by, which it remembers, and what it calls it."""
    from fsspec.core import url_to_fs  # type: ignore[import-untyped] # noqa: PLC0415 - an extra

    files, root = url_to_fs(url)
    return files, root.rstrip("/")


def _load_library(url: str) -> None:
    from fsspec.core import get_filesystem_class  # noqa: PLC0415 - an extra

    scheme = urlsplit(url).scheme
    try:
        get_filesystem_class(scheme)
    except ImportError as missing:
        raise _unusable(url, f"cannot be reached: {missing}") from None
    except ValueError:
        raise _unusable(url, f"has a scheme that fsspec does not know, {scheme!r}") from None


def _write_whole(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # renamed before its bytes are on the disk, it could be empty after a power cut
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _told(place: str, *, of: type[Exception] = OSError) -> Iterator[None]:
    """Let errors of files leave as one of ours, which names the place.

    Each library behind fsspec has errors `of` its own, such as botocore's for keys that are nowhere to be found.
    """
    try:
        yield
    except of as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ProviderError(
            f"Pictures cannot be kept at {place} ({reason}). Make it a place that this process may write to, or set "
            "AIJOBS_ARTIFACTS to another, and submit the job again.",
            code="artifacts_unavailable",
            category=ErrorCategory.DEPENDENCY,
            provider="artifacts",
            retryable=isinstance(error, _MAY_PASS),
        ) from error


def _unusable(place: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"The place for pictures, {_shown(place)}, {problem}. Set AIJOBS_ARTIFACTS to a folder or to another URL."
    )


def _shown(url: str) -> str:
    """Return a URL without what may be secret in it."""
    return re.sub(r"//[^/]*@", "//", url).partition("?")[0]
