"""How far the estimate of tokens is from the count: `python -m benchmarks.token_estimates [prompts.jsonl …]`.

Over texts that come with Python, with installed packages and with the system's translations. A file of prompts has
JSON lines with `turns`, as MT-bench has.
"""

from __future__ import annotations

import argparse
import gettext
import json
import pydoc_data.topics
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email import message_from_string
from importlib.metadata import distributions
from pathlib import Path
from statistics import mean, quantiles
from typing import NamedTuple

from aijobs_sdk.providers.token_counts import count_tokens, load_vocabulary
from aijobs_sdk.providers.tokens import estimate_tokens
from benchmarks.table import print_machine

TITLE = "Estimated tokens, against o200k_base"
SHORTEST_CHARS = 1_000
"""Of a document; prompts may be shorter."""
LONGEST_CHARS = 50_000
"""What follows is not measured, so that no document outweighs all others in the total."""
MOST_DOCUMENTS = 500
"""Of a group, evenly spread over what there is."""
MOST_OF_ONE_FOLDER = 20
PACKAGES = Path(sysconfig.get_path("purelib"))
LIBRARY = Path(sysconfig.get_path("stdlib"))
LOCALES = Path(sys.prefix if sys.platform == "win32" else "/usr") / "share/locale"
LANGUAGES = {
    "German, French, Spanish, …": "ca cs da de es et fi fr hr hu id it lt lv nl pl pt pt_BR ro sk sl sv tr vi",
    "Russian, Ukrainian, …": "be bg mk ru sr uk",
    "Greek": "el",
    "Arabic, Hebrew, Persian": "ar fa he ur",
    "Hindi, Tamil, Thai, …": "bn gu hi kn ml mr ne pa si ta te th",
    "Chinese, Japanese": "ja zh_CN zh_HK zh_TW",
    "Korean": "ko",
}
NAMES_ONLY = "iso_"
"""Catalogues of countries and languages: lists of names, not sentences."""


class Error(NamedTuple):
    """What an estimate of one document is worth."""

    counted: int
    estimated: int

    @property
    def share(self) -> float:
        """By how much the estimate is too high, or too low where it is negative."""
        return self.estimated / self.counted - 1


def groups(prompts: Sequence[Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield the documents of each kind under their name."""
    if prompts:
        yield "prompts", [turn for file in prompts for turn in _turns(file)]
    yield "English prose", _documents(pydoc_data.topics.topics.values())
    yield "Markdown, reStructuredText", _documents(_readmes())
    yield "Python", _documents(_contents(LIBRARY.rglob("*.py"), LIBRARY))
    yield "JSON", _documents(_contents(PACKAGES.rglob("*.json"), PACKAGES))
    for name, languages in LANGUAGES.items():
        yield name, _documents(_translations(languages.split()))


def _turns(file: Path) -> Iterator[str]:
    for line in file.read_text("utf-8").splitlines():
        yield from json.loads(line)["turns"]


def _readmes() -> Iterator[str]:
    for package in sorted(distributions(), key=lambda package: package.name):
        yield str(message_from_string(package.read_text("METADATA") or "").get_payload())
    yield from _contents([*PACKAGES.rglob("*.md"), *PACKAGES.rglob("*.rst")], PACKAGES)


def _contents(files: Iterable[Path], folder: Path) -> Iterator[str]:
    seen: defaultdict[str, int] = defaultdict(int)
    for file in sorted(files):
        top = file.relative_to(folder).parts[0]
        if file.stat().st_size < SHORTEST_CHARS or top == "site-packages" or seen[top] == MOST_OF_ONE_FOLDER:
            continue
        seen[top] += 1
        yield file.read_text("utf-8", errors="replace")


def _translations(languages: Iterable[str]) -> Iterator[str]:
    for language in languages:
        for file in sorted(LOCALES.glob(f"{language}/LC_MESSAGES/*.mo")):
            if not file.name.startswith(NAMES_ONLY):
                yield "\n".join(_translated(file))


def _translated(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as opened:
            catalogue: Mapping[object, str] = vars(gettext.GNUTranslations(opened))["_catalog"]
    except UnicodeDecodeError:  # an old one, whose heading names no charset
        return iter(())
    return (text for key, text in catalogue.items() if key and text != key)


def _documents(texts: Iterable[str]) -> list[str]:
    distinct = list(dict.fromkeys(text[:LONGEST_CHARS] for text in texts if len(text) >= SHORTEST_CHARS))
    step = max(1, len(distinct) / MOST_DOCUMENTS)
    return [distinct[int(place * step)] for place in range(min(len(distinct), MOST_DOCUMENTS))]


def _error(text: str) -> Error:
    return Error(count_tokens(text, "o200k_base").tokens, estimate_tokens(text))


def _print(name: str, errors: Sequence[Error], texts: Sequence[str]) -> None:
    sizes = [abs(error.share) for error in errors]
    counted = sum(error.counted for error in errors)
    total = sum(error.estimated for error in errors) / counted - 1
    low = mean(error.estimated < error.counted for error in errors)
    quarter = mean(abs(len(text) / 4 / error.counted - 1) for text, error in zip(texts, errors, strict=True))
    p95 = quantiles(sizes, n=20)[-1]
    print(
        f"{name:28}{len(errors):6}{counted:12,}{mean(sizes):8.1%}{p95:8.1%}{total:+8.1%}{low:9.0%}{quarter:10.1%}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("prompts", nargs="*", type=Path, help="JSON lines with `turns`")
    asked = parser.parse_args()
    if not load_vocabulary("o200k_base"):
        raise SystemExit("There is nothing to compare with: pip install 'aijobs-sdk[tokens]'")
    print_machine()
    print(f"\n{TITLE}\n{'':28}{'docs':>6}{'tokens':>12}{'mean':>8}{'p95':>8}{'total':>8}{'too few':>9}{'chars/4':>10}")
    all_texts: list[str] = []
    all_errors: list[Error] = []
    for name, texts in groups(asked.prompts):
        if len(texts) < 2:  # noqa: PLR2004 - two make a distribution
            print(f"{name:28}{'none':>6}")
            continue
        errors = [_error(text) for text in texts]
        _print(name, errors, texts)
        all_texts += texts
        all_errors += errors
    _print("all", all_errors, all_texts)


if __name__ == "__main__":
    main()
