"""Exports behind a URL, such as `s3://bucket/exports/*.csv`: listed at once, downloaded when they are read."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.usage.folders import is_hidden
from aijobs_sdk.usage.reading.exports import (
    Export,
    checked_format,
    checked_size,
    format_of,
    holds_no_export,
    local_exports,
)

_Listing: TypeAlias = Mapping[str, Mapping[str, object]]
"""What is known of each file, by the name it has in its file system."""


class _FileSystem(Protocol):
    """What is needed of fsspec's."""

    def isdir(self, path: str) -> bool: ...

    def exists(self, path: str) -> bool: ...

    def info(self, path: str) -> Mapping[str, object]: ...

    def find(self, path: str, *, detail: bool) -> _Listing: ...

    def glob(self, path: str, *, detail: bool) -> _Listing: ...

    def get_file(self, rpath: str, lpath: str) -> None: ...


def is_url(path: str) -> bool:
    """Return whether `path` is a URL, and no path of this machine."""
    return "://" in path


def is_web(url: str) -> bool:
    """Return whether a URL may have a query, which says which file is meant, and may hold a key."""
    return url.startswith(("http://", "https://"))


def remote_exports(url: str) -> list[Export]:
    """Return the files that `url` means: itself, those below a folder, or those that match a pattern, sorted.

    Raises:
        ConfigurationError: fsspec, or what it needs for such a URL, is not installed.
        InvalidRequestError: it means no export file, or one that is empty or has another ending; or it cannot be read.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # half an IPv6 address, or a password with a `/`: nobody can tell where that ends
        shown = f"{url.partition('://')[0]}://…"
        raise InvalidRequestError(f"{shown} is no URL. A password has `/` as `%2F`, `@` as `%40`.") from None
    if parts.scheme == "file":
        return local_exports(Path(url2pathname(parts.path)))
    shown = _without_secrets(url)
    with _told(shown):
        files, root = _reach(url)
        found = _listed(files, root)
    if found is None:
        raise InvalidRequestError(f"{shown} does not exist. Name an export file, a folder, or a pattern.")
    if not found:
        raise holds_no_export(shown)
    return [_described(files, name, _url_of(shown, root, name), about) for name, about in sorted(found.items())]


def _listed(files: _FileSystem, root: str) -> _Listing | None:
    """Return the file `root`, or the exports among those it stands for; None: there is nothing of that name."""
    # On the web a question mark begins a query; and what is there by that very name is no pattern.
    if glob.has_magic(root.partition("?")[0] if is_web(root) else root) and not files.exists(root):
        found = files.glob(root, detail=True)
    elif files.isdir(root):
        found = files.find(root, detail=True)
    else:
        return {root: files.info(root)} if files.exists(root) else None
    named = _folder_named(root)
    return {
        name: about
        for name, about in found.items()
        if not is_hidden(name.removeprefix(named)) and about.get("type") != "directory" and format_of(name)
    }


def _folder_named(root: str) -> str:
    """Return the folder that `root` is, or, of a pattern, the one under which it begins to be one."""
    plain, *magic = re.split(r"[*?[]", root, maxsplit=1)
    return plain.rpartition("/")[0] if magic else root


def _described(files: _FileSystem, name: str, shown: str, about: Mapping[str, object]) -> Export:
    size = about.get("size")
    size_bytes = checked_size(shown, size) if isinstance(size, int) else 0  # some servers do not say
    return Export(shown, shown, checked_format(shown), size_bytes, bring=partial(_downloaded, files, name, shown))


def _downloaded(files: _FileSystem, name: str, shown: str, folder: Path) -> Path:
    target = folder / uuid4().hex
    with _told(shown):
        files.get_file(name, str(target))
    return target


def _reach(url: str) -> tuple[_FileSystem, str]:
    if find_spec("fsspec") is None:
        raise ConfigurationError("Exports behind a URL need fsspec: pip install 'aijobs-sdk[artifacts]'.")
    from fsspec.core import url_to_fs  # type: ignore[import-untyped] # noqa: PLC0415 - an extra

    try:
        files, root = url_to_fs(url)
    except ImportError as missing:
        raise ConfigurationError(f"{_without_secrets(url)} cannot be reached: {missing}") from missing
    return files, root


def _url_of(shown: str, root: str, name: str) -> str:
    """Return the URL of the file `name` that was found at `shown`, which fsspec calls `root`."""
    if name == root:
        return shown
    parts = urlsplit(shown)
    if parts.scheme in {"http", "https"}:  # there a name is a URL already
        return _without_secrets(name)
    return f"{parts.scheme}://{name.lstrip('/')}"


def _without_secrets(url: str) -> str:
    """Return `url` without password and query: signed URLs hold their key in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def _told(shown: str) -> Iterator[None]:
    """Let errors of reading leave as one of ours, which names the place."""
    try:
        yield
    except InvalidRequestError:  # a ValueError, that says all there is to say
        raise
    except (OSError, ValueError) as error:
        raise InvalidRequestError(
            f"{shown} cannot be read ({type(error).__name__}). Check the URL, and who may read it."
        ) from error
