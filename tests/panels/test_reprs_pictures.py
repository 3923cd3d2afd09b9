"""A gallery holds the pictures of this machine, and asks nobody for any other."""

from __future__ import annotations

import os
from base64 import b64decode
from pathlib import Path
from uuid import UUID

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.pictures import EMBEDDED_BYTES, gallery
from aijobs_sdk.contract.results import GeneratedImage
from panels.pages import read

PNG = b"\x89PNG\r\n\x1a\n"


def picture(url: str) -> GeneratedImage:
    return GeneratedImage(id=UUID(int=1), url=url, media_type="image/png", width=1024, height=640)


def test_a_job_s_pictures_stand_in_the_page_with_name_and_size(tmp_path: Path) -> None:
    with aijobs.mock(seed=7):
        client = aijobs.Client(artifacts=tmp_path)
        result = client.submit("a red fox", type="image_generation", n=2).result()

    page = read(result._repr_html_())
    first, second = (dict(attributes) for tag, attributes in page.elements if tag == "img")
    assert (first["alt"], second["alt"]) == ("1.png, 1024 x 1024 pixels", "2.png, 1024 x 1024 pixels")
    kind, _, data = str(first["src"]).partition(",")
    assert kind == "data:image/png;base64"
    assert b64decode(data) == next(tmp_path.rglob("1.png")).read_bytes()


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [(PNG, "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF89a", "gif"), (b"RIFF\x00\x00\x00\x00WEBP", "webp")],
)
def test_a_picture_is_what_its_bytes_say(tmp_path: Path, beginning: bytes, kind: str) -> None:
    file = tmp_path / "any.svg"
    file.write_bytes(beginning)

    assert f"data:image/{kind};base64," in gallery([picture(file.as_uri())])


@pytest.mark.parametrize("content", [b"", b"root:x:0:0", b"<svg onload='alert(1)'/>"])
def test_a_file_that_is_no_picture_stays_where_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "1.png"
    file.write_bytes(content)

    page = read(gallery([picture(file.as_uri())]))

    assert "img" not in page.tags
    assert page.text == "1.png1024 x 640 pixelsnot shown: the file is no picture that a page can show"


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    page = read(gallery([picture((tmp_path / "gone.png").as_uri())]))
    assert page.text == "gone.png1024 x 640 pixelsnot shown: it cannot be read (FileNotFoundError)"


def test_nobody_waits_at_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    assert "not shown: this is no file" in gallery([picture((tmp_path / "1.png").as_uri())])


def test_a_notebook_does_not_grow_without_end(tmp_path: Path) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    small.write_bytes(PNG)
    large.write_bytes(PNG)
    os.truncate(large, EMBEDDED_BYTES)

    page = read(gallery([picture(small.as_uri()), picture(large.as_uri())]))

    assert [dict(attributes)["alt"] for tag, attributes in page.elements if tag == "img"] == [
        "small.png, 1024 x 640 pixels"
    ]
    assert "its 8,000,000 bytes would make the notebook too large" in page.text


def test_a_picture_elsewhere_is_a_link_that_nobody_follows() -> None:
    page = read(gallery([picture("https://example.org/pictures/fox.png")]))

    assert ("a", (("href", "https://example.org/pictures/fox.png"), ("rel", "nofollow"))) in page.elements
    assert "img" not in page.tags


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "s3://bucket/1.png", "file://host/1.png"])
def test_an_address_that_a_page_should_not_follow_is_no_link(url: str) -> None:
    page = read(gallery([picture(url)]))

    assert page.tags.isdisjoint({"a", "img"})
    assert "not shown: it is not on this machine" in page.text


@pytest.mark.parametrize("url", ["", "http://[", "file:///\x00", "file:///%00"])
def test_what_is_no_address_harms_nothing(url: str) -> None:
    assert "not shown: " in gallery([picture(url)])


def test_the_record_of_a_picture_shows_it_too(tmp_path: Path) -> None:
    with aijobs.mock(seed=7):
        client = aijobs.Client(artifacts=tmp_path)
        job = client.submit("a red fox", type="image_generation")
        job.wait()
        [image] = client.images(job.id)

    assert "data:image/png;base64," in image._repr_html_()
