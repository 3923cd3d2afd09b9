from __future__ import annotations

import gzip
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import get_args

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS  # type: ignore[import-untyped]

from aijobs_sdk.providers import token_counts
from aijobs_sdk.providers.token_counts import EncodingName, TokenCount, count_tokens, is_at_hand, load_vocabulary
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.offline import offline

PROSE = "The river rises in the hills and reaches the sea after two hundred miles of slow brown water.\n"
TEXTS = [
    "",
    " ",
    PROSE,
    "def add(a: int, b: int) -> int:\n\treturn a + b  # 1234567\r\n\r\n",
    "Der Fluß entspringt im Gebirge und mündet ins Meer. C'est l'été, n'est-ce pas ?",
    "Река берёт начало в горах. Ο ποταμός πηγάζει στα βουνά.",  # noqa: RUF001 - Cyrillic and Greek are meant
    "النهر ينبع من الجبال، הנהר נובע בהרים",
    "नदी पहाड़ों से निकलती है। แม่น้ำไหลจากภูเขา",
    "河流发源于山中。川は山に源を発する。강은 산에서 시작된다.",
    "👍🏽 👨‍👩‍👧‍👦 🇬🇧 e\u0301 \ufeff\u200d",
    "<|endoftext|><|endofprompt|><|im_start|>system<|fim_prefix|>",
    "a lone surrogate: \ud83d!",
    "//\n/ --\n-- I'LL we'Ve HTTPServer iPhone",
]
LONG_RUNS = ["A" * 1_000_000, " " * 1_000_000, "1" * 1_000_000, "\n \n" * 300_000, "aA" * 300_000, "漢" * 300_000]


@pytest.fixture(scope="module", params=get_args(EncodingName))
def encoding(request: pytest.FixtureRequest) -> EncodingName:
    name: EncodingName = request.param
    return name


@pytest.fixture(scope="module")
def by_tiktoken(encoding: EncodingName, tmp_path_factory: pytest.TempPathFactory) -> tiktoken.Encoding:
    """The vocabulary by tiktoken's own definition of it, from a file that it accepts."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / token_counts._PUBLISHED[encoding].cached_as).write_bytes(ranks_of(encoding))
    with pytest.MonkeyPatch.context() as patch, offline():
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        return tiktoken.Encoding(**ENCODING_CONSTRUCTORS[encoding]())


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_counts, "_loaded", {})
    monkeypatch.setattr(token_counts, "_not_found", set())


@pytest.fixture
def temporary_folder(nothing_loaded: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty one, on a machine where no package brings a vocabulary."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bpe_openai", None)
    monkeypatch.setitem(sys.modules, "litellm", None)
    return tmp_path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all encodings that are made."""
    names: list[str] = []

    class Noted(tiktoken.Encoding):
        def __init__(self, name: str, **fields: object) -> None:
            names.append(name)
            super().__init__(name, **fields)  # type: ignore[arg-type]

    monkeypatch.setattr(tiktoken, "Encoding", Noted)
    return names


@cache
def ranks_of(encoding: EncodingName) -> bytes:
    packed = distribution("bpe-openai").locate_file(f"bpe_openai/data/{encoding}.tiktoken.gz")
    return gzip.decompress(Path(str(packed)).read_bytes())


def put_ranks(folder: Path, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / token_counts._PUBLISHED["o200k_base"].cached_as
    file.write_bytes(content)
    return file


def exact(text: str, by: tiktoken.Encoding) -> TokenCount:
    return TokenCount(len(by.encode_ordinary(text)), f"exact:{by.name}")


@pytest.mark.parametrize("text", TEXTS)
def test_a_count_is_what_tiktoken_counts(text: str, encoding: EncodingName, by_tiktoken: tiktoken.Encoding) -> None:
    assert count_tokens(text, encoding) == exact(text, by_tiktoken)


@given(text=st.text())
def test_any_text_counts_as_tiktoken_counts_it(
    text: str, encoding: EncodingName, by_tiktoken: tiktoken.Encoding
) -> None:
    assert count_tokens(text, encoding) == exact(text, by_tiktoken)


def test_a_long_text_in_words_counts_as_if_it_were_not_cut(
    encoding: EncodingName, by_tiktoken: tiktoken.Encoding
) -> None:
    text = "".join(TEXTS) * 500
    assert len(list(token_counts._pieces(text))) > 4
    assert count_tokens(text, encoding) == exact(text, by_tiktoken)


@given(text=st.text("aA'sl1é漢.-/ \t\r\n\x1f\u00a0\u2003\u0301\U0001f600"))
def test_cutting_at_every_seam_changes_no_count(text: str, by_tiktoken: tiktoken.Encoding) -> None:
    pieces = token_counts._SEAM.split(text)
    assert sum(len(by_tiktoken.encode_ordinary(piece)) for piece in pieces) == len(by_tiktoken.encode_ordinary(text))


@pytest.mark.parametrize("text", LONG_RUNS)
def test_a_long_run_is_cut_into_pieces_of_bounded_length(text: str) -> None:
    pieces = list(token_counts._pieces(text))
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 50_000


@pytest.mark.parametrize(
    ("text", "tokens"), [(LONG_RUNS[0], 125_000), (LONG_RUNS[2], 333_334), (LONG_RUNS[4], 300_001)]
)
def test_a_cut_in_a_long_run_adds_one_token_at_most(text: str, tokens: int) -> None:
    cuts = len(list(token_counts._pieces(text))) - 1
    assert tokens <= count_tokens(text, "o200k_base").tokens <= tokens + cuts


def test_a_million_spaces_are_counted() -> None:  # tiktoken alone breaks down on them
    assert count_tokens(LONG_RUNS[1], "o200k_base").tokens == pytest.approx(7_820, rel=0.01)


def test_a_model_without_a_public_vocabulary_gets_the_estimate() -> None:
    assert count_tokens(PROSE, None) == TokenCount(estimate_tokens(PROSE), "estimate:o200k_base")


def test_without_tiktoken_tokens_are_estimated(
    encoding: EncodingName, nothing_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert count_tokens(PROSE, encoding) == TokenCount(estimate_tokens(PROSE), "estimate:o200k_base")


@pytest.mark.usefixtures("temporary_folder")
def test_without_a_file_of_ranks_tokens_are_estimated() -> None:
    assert count_tokens(PROSE, "o200k_base") == TokenCount(estimate_tokens(PROSE), "estimate:o200k_base")


def test_what_tiktoken_once_downloaded_is_used(temporary_folder: Path) -> None:
    put_ranks(temporary_folder / "data-gym-cache", ranks_of("o200k_base"))
    assert count_tokens(PROSE, "o200k_base").method == "exact:o200k_base"


def test_a_folder_that_is_named_is_used(temporary_folder: Path) -> None:
    put_ranks(temporary_folder / "named", ranks_of("o200k_base"))
    assert count_tokens(PROSE, "o200k_base", cache_folder=temporary_folder / "named").method == "exact:o200k_base"


def test_the_file_of_litellm_is_used_and_litellm_is_not_imported(
    temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_ranks(temporary_folder / "litellm/litellm_core_utils/tokenizers", ranks_of("o200k_base"))
    (temporary_folder / "litellm/__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.delitem(sys.modules, "litellm")
    monkeypatch.syspath_prepend(temporary_folder)
    assert count_tokens(PROSE, "o200k_base").method == "exact:o200k_base"


@pytest.mark.parametrize("content", [b"", b"IQ== 0\n", b"\xff" * 9_000_000])
def test_a_file_that_is_not_the_published_one_is_refused(
    content: bytes, temporary_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = put_ranks(temporary_folder / "named", content)
    assert not load_vocabulary("o200k_base", cache_folder=file.parent)
    assert f"{file} is not the o200k_base that OpenAI publishes" in caplog.text


def test_one_changed_byte_is_enough_to_refuse_a_file(temporary_folder: Path) -> None:
    file = put_ranks(temporary_folder / "named", ranks_of("o200k_base").replace(b"IQ== 0", b"IQ== 1", 1))
    assert not load_vocabulary("o200k_base", cache_folder=file.parent)


def test_after_a_refused_file_the_next_place_is_tried(temporary_folder: Path) -> None:
    put_ranks(temporary_folder / "data-gym-cache", ranks_of("o200k_base"))
    broken = put_ranks(temporary_folder / "named", b"broken")
    assert load_vocabulary("o200k_base", cache_folder=broken.parent)


@pytest.mark.parametrize("packed", [b"no gzip at all", gzip.compress(b"IQ== 0\n" * 99, mtime=0)[:-9]])
def test_a_package_with_a_broken_file_is_refused(
    packed: bytes, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary_folder / "bpe_openai/data").mkdir(parents=True)
    (temporary_folder / "bpe_openai/__init__.py").touch()
    (temporary_folder / "bpe_openai/data/o200k_base.tiktoken.gz").write_bytes(packed)
    monkeypatch.delitem(sys.modules, "bpe_openai")
    monkeypatch.syspath_prepend(temporary_folder)
    assert not load_vocabulary("o200k_base")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(temporary_folder: Path) -> None:
    os.mkfifo(temporary_folder / token_counts._PUBLISHED["o200k_base"].cached_as)
    assert not load_vocabulary("o200k_base", cache_folder=temporary_folder)


def test_a_stand_in_for_a_package_brings_no_vocabulary(temporary_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bpe_openai", type(sys)("bpe_openai"))
    assert not load_vocabulary("o200k_base")


def test_a_folder_is_searched_once(temporary_folder: Path) -> None:
    assert not load_vocabulary("o200k_base", cache_folder=temporary_folder)
    put_ranks(temporary_folder, ranks_of("o200k_base"))
    assert not load_vocabulary("o200k_base", cache_folder=temporary_folder)


def test_a_folder_that_was_not_searched_yet_is_searched(temporary_folder: Path) -> None:
    assert not load_vocabulary("o200k_base")
    file = put_ranks(temporary_folder / "named", ranks_of("o200k_base"))
    assert load_vocabulary("o200k_base", cache_folder=file.parent)


@pytest.mark.usefixtures("nothing_loaded")
def test_asking_whether_a_vocabulary_is_at_hand_loads_nothing(made: list[str]) -> None:
    assert not is_at_hand("o200k_base")
    assert made == []


@pytest.mark.usefixtures("nothing_loaded")
def test_a_vocabulary_is_at_hand_once_something_was_counted_by_it() -> None:
    count_tokens(PROSE, "o200k_base")
    assert is_at_hand("o200k_base")
    assert not is_at_hand("cl100k_base")


@pytest.mark.usefixtures("nothing_loaded")
def test_threads_that_come_at_once_load_a_vocabulary_once(made: list[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(count_tokens, [PROSE] * 8, ["o200k_base"] * 8))
    assert made == ["o200k_base"]
    assert len(set(counts)) == 1


@pytest.mark.parametrize(
    ("hidden", "method"), [("nothing", "exact"), ("bpe_openai", "estimate"), ("tiktoken", "estimate")]
)
def test_counting_opens_no_socket_and_imports_no_package_of_vocabularies(
    hidden: str, method: str, tmp_path: Path
) -> None:
    program = f"""
import sys, tempfile
def refuse(event, _):
    if event.startswith("socket."):
        raise SystemExit(event)
sys.addaudithook(refuse)
sys.modules[{hidden!r}] = None
tempfile.tempdir = {str(tmp_path)!r}
from aijobs_sdk.providers.token_counts import count_tokens
print(count_tokens("a b", "o200k_base").method, bool(sys.modules.get("bpe_openai")))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"{method}:o200k_base", "False"]
