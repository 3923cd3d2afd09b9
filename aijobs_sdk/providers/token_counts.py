"""How many tokens a text is: counted by the model's own vocabulary where this machine has it, estimated where not."""

from __future__ import annotations

import gzip
import hashlib
import logging
import re
import tempfile
import threading
import zlib
from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from aijobs_sdk.providers.tokens import estimate_tokens

if TYPE_CHECKING:
    from tiktoken import Encoding

log = logging.getLogger("aijobs.tokens")

EncodingName = Literal["o200k_base", "cl100k_base"]
"""What OpenAI calls a vocabulary: `o200k_base` since GPT-4o, `cl100k_base` for GPT-4 and GPT-3.5."""


class TokenCount(NamedTuple):
    """A number of tokens, and how it was come by."""

    tokens: int
    method: str
    """`exact:` and the vocabulary that counted, or `estimate:` and the one that the estimate is fitted to."""


class _Published(NamedTuple):
    """What OpenAI publishes of a vocabulary, as tiktoken 0.14.0 has it in `tiktoken_ext/openai_public.py`."""

    ranks_sha256: str
    """Of the file of all tokens in the order of their ranks."""
    cached_as: str
    """What that file is called in a cache of tiktoken's: the SHA-1 of its address."""
    words: str
    """The regular expression that parts a text before each part is encoded."""


_PUBLISHED: dict[EncodingName, _Published] = {
    "o200k_base": _Published(
        ranks_sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        cached_as="fb374d419588a4632f3f557e76b4b70aebbca790",
        words=r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    "cl100k_base": _Published(
        ranks_sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        cached_as="9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        words=r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    ),
}
_MOST_BYTES = 8_000_000
"""No more of a file is read: the largest vocabulary has half of that."""

# tiktoken breaks down on a million spaces, and slows down on a million letters without one.
_SHORTEST_PIECE_CHARS = 25_000
_LONGEST_PIECE_CHARS = 50_000
_SEAM = re.compile(r"(?<=\S)(?=[ \t])|(?<=[\r\n])(?=[^\s/])")
"""Where both vocabularies part any text: before a space, and where a line begins. Cutting there changes no count."""

_loaded: dict[EncodingName, Encoding] = {}
_not_found: set[tuple[EncodingName, Path | None]] = set()
_loading = threading.Lock()


def count_tokens(text: str, encoding: EncodingName | None, *, cache_folder: Path | None = None) -> TokenCount:
    """Return how many tokens this text is by that vocabulary, or an estimate: without one, or where it is not found.

    The first call for a vocabulary reads it, see `load_vocabulary()`. Names of special tokens count as the text that
    they are. A text is cut in two where 25,000 characters bring no end of a word or a line, which may count one token
    more.
    """
    if encoding is None or not load_vocabulary(encoding, cache_folder=cache_folder):
        return TokenCount(estimate_tokens(text), "estimate:o200k_base")
    vocabulary = _loaded[encoding]
    return TokenCount(sum(len(vocabulary.encode_ordinary(piece)) for piece in _pieces(text)), f"exact:{encoding}")


def is_at_hand(encoding: EncodingName) -> bool:
    """Return whether this vocabulary is loaded, so that counting by it reads no file and waits for nothing."""
    return encoding in _loaded


def load_vocabulary(encoding: EncodingName, *, cache_folder: Path | None = None) -> bool:
    """Return whether texts can be counted by this vocabulary, after reading it into memory if this is the first call.

    It is looked for on this machine only: in the packages `bpe-openai` and `litellm`, in `cache_folder`, and where
    tiktoken keeps what it downloads. What was not found is not looked for again. The first call takes a third of a
    second and 80 MB, and for some 0.13 s of that no other thread runs.
    """
    if encoding in _loaded:
        return True
    with _loading:  # whoever comes second waits, and finds it loaded
        if encoding not in _loaded and (encoding, cache_folder) not in _not_found:
            _load(encoding, cache_folder)
    return encoding in _loaded


def _load(encoding: EncodingName, cache_folder: Path | None) -> None:
    vocabulary = _read_vocabulary(encoding, cache_folder)
    if vocabulary is None:
        _not_found.add((encoding, cache_folder))
    else:
        _loaded[encoding] = vocabulary


def _read_vocabulary(encoding: EncodingName, cache_folder: Path | None) -> Encoding | None:
    # tiktoken.get_encoding() would download what it does not find, and wait for it without end.
    try:
        from tiktoken import Encoding  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    published = _PUBLISHED[encoding]
    ranks = _published_ranks(encoding, cache_folder)
    if ranks is None:
        return None
    by_token = {a2b_base64(token): int(rank) for token, rank in map(bytes.split, ranks.splitlines())}
    return Encoding(encoding, pat_str=published.words, mergeable_ranks=by_token, special_tokens={})


def _published_ranks(encoding: EncodingName, cache_folder: Path | None) -> bytes | None:
    for file in _places(encoding, cache_folder):
        ranks = _content(file)
        if ranks is None:
            continue
        if hashlib.sha256(ranks).hexdigest() == _PUBLISHED[encoding].ranks_sha256:
            return ranks
        log.warning("%s is not the %s that OpenAI publishes, and is not used. Delete or reinstall it.", file, encoding)
    return None


def _places(encoding: EncodingName, cache_folder: Path | None) -> Iterator[Path]:
    cached_as = _PUBLISHED[encoding].cached_as
    if package := _folder_of("bpe_openai"):
        yield package / "data" / f"{encoding}.tiktoken.gz"
    if package := _folder_of("litellm"):
        yield package / "litellm_core_utils" / "tokenizers" / cached_as
    if cache_folder is not None:
        yield cache_folder / cached_as
    with suppress(FileNotFoundError):  # a machine without a place for temporary files
        yield Path(tempfile.gettempdir()) / "data-gym-cache" / cached_as


def _folder_of(package: str) -> Path | None:
    """Return where a package is installed; it is not imported: one weighs 75 MB, the other changes the environment."""
    try:
        spec = find_spec(package)
    except ValueError:  # a stand-in that somebody put among the modules
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def _content(file: Path) -> bytes | None:
    """Return what the file holds, unpacked; nothing of it where it is broken, None where there is none."""
    try:
        if not file.is_file():  # reading from a pipe might never end
            return None
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
            return opened.read(_MOST_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _LONGEST_PIECE_CHARS:
        longest = start + _LONGEST_PIECE_CHARS
        seam = _SEAM.search(text, start + _SHORTEST_PIECE_CHARS, longest)
        end = seam.start() if seam else longest
        yield text[start:end]
        start = end
    yield text[start:]
