"""What never gets into a recording."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aijobs_sdk.simulation.recording.exchange import Question
from aijobs_sdk.simulation.recording.secrets import Secrets
from aijobs_sdk.simulation.wire.exchange import HttpRequest

KEY = "sk-proj-abcdefgh/ijklmnop+4321"
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEKEY/20260101/eu/bedrock, SignedHeaders=host, Signature=0123456789abcdef"
)


def asked(body: Any = None, *, path: str = "/v1/chat/completions", query: str = "", **headers: str) -> HttpRequest:
    shown = {"authorization": f"Bearer {KEY}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return HttpRequest("POST", path, headers=shown, body=json.dumps(body).encode(), query=query)


def masked(text: str, request: HttpRequest | None = None, *, status: int = 200, **headers: str) -> str:
    secrets = Secrets(request or asked(), {name.replace("_", "-"): value for name, value in headers.items()})
    return secrets.mask(text.encode(), status).decode()


@pytest.mark.parametrize(
    "shown",
    [
        KEY,
        KEY.replace("/", "\\/"),
        "sk-proj-abcdefgh%2Fijklmnop%2B4321",
        "sk-proj-abcdefgh/ijklmnop%2B4321",
        "sk-proj-********4321",
        "sk-pr...321",
        "sk-proj\u20264321",
        "sk-\\u2022\\u2022\\u2022",
    ],
)
def test_a_key_is_masked_however_it_is_quoted(shown: str) -> None:
    assert masked(f"provided: {shown} by you", status=401) == f"provided: {'*' * len(shown.encode())} by you"


@pytest.mark.parametrize(
    "text", ["Wait... what?", "risk-based-decision-making-and", "**bold**", "sky", "xx", "4321", "Bearer"]
)
def test_what_is_no_part_of_a_key_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("part", ["AKIAEXAMPLEKEY", "0123456789abcdef"])
def test_of_a_signature_the_key_and_the_signature_are_secret(part: str) -> None:
    assert masked(f"for {part}!", asked(authorization=SIGNED)) == f"for {'*' * len(part)}!"


@pytest.mark.parametrize(
    "request_",
    [
        asked(x_api_key="very-secret"),
        asked(x_goog_api_key="very-secret"),
        asked(x_amz_security_token="very-secret"),
        asked(cookie="session=very-secret; theme=x"),
        asked(query="alt=sse&key=very-secret"),
        asked(openai_organization="very-secret"),
    ],
)
def test_every_way_to_show_a_key_is_known(request_: HttpRequest) -> None:
    assert masked("It is very-secret.", request_) == "It is ***********."


def test_a_new_key_is_masked() -> None:
    assert masked('{"access_token": "ya29:x", "id": 1}') == '{"access_token": "******", "id": 1}'
    assert masked("Use sk-0123456789abcdef0 now") == "Use ******************** now"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("in organization org-Abc12345 on tokens", "in organization ************ on tokens"),
        ("arn:aws:iam::123456789012:user/x", "arn:aws:iam::************:user/x"),
        ("projects/my-project-1/locations", "projects/************/locations"),
    ],
)
def test_an_error_does_not_say_whose_account_it_was(said: str, left: str) -> None:
    assert masked(said, status=429) == left
    assert masked(said) == said


def test_an_error_does_not_quote_the_prompt() -> None:
    request = asked({"messages": [{"role": "user", "content": "My grandmother's\nrecipe"}]})
    assert "recipe" not in masked(json.dumps({"error": "Bad: My grandmother's\nrecipe"}), request, status=400)


def test_an_error_that_holds_another_in_json_does_not_quote_the_prompt() -> None:
    prompt = 'Call me "Zürich",\nand tell nobody.'
    inner = json.dumps({"error": f"cannot read {prompt}"})
    shown = masked(json.dumps({"error": {"message": f"OpenAI said {inner}"}}), asked({"prompt": prompt}), status=400)

    assert "rich" not in shown
    assert "nobody" not in shown


@pytest.mark.parametrize("quoted", ["Call me Zürich, and tell...", "Call me Zü…ell nobody.", "…and tell nobody."])
def test_an_error_does_not_quote_a_part_of_the_prompt(quoted: str) -> None:
    request = asked({"prompt": "Call me Zürich, and tell nobody."})
    shown = masked(json.dumps({"error": f"cannot read '{quoted}'"}), request, status=400)

    assert set(json.loads(shown)["error"].removeprefix("cannot read ")) == {"'", "*"}


def test_instructions_that_a_vendor_sends_back_are_masked() -> None:
    request = asked({"instructions": "Be brief", "input": "Hello"})
    assert masked('{"instructions":"Be brief","text":"Be brief"}', request) == (
        '{"instructions":"********","text":"Be brief"}'
    )


def test_of_instructions_in_parts_only_the_words_are_masked() -> None:
    part = {"role": "developer", "type": "message", "content": [{"type": "input_text", "text": "Be brief"}]}
    said = json.dumps({"output": [{"type": "message"}], "instructions": [part]})
    assert masked(said, asked({"instructions": [part]})) == said.replace("Be brief", "********")


def test_only_headers_that_tell_of_the_answer_are_kept() -> None:
    headers = {
        "content-type": "text/plain",
        "retry-after": "20",
        "x-ratelimit-limit-tokens": "9",
        "anthropic-ratelimit-requests-limit": "9",
        "x-request-id": f"for-{KEY}",
        "set-cookie": "session=1",
        "openai-organization": "acme",
        "anthropic-organization-id": "acme",
        "server": "x",
    }
    kept = Secrets(asked(), headers).headers(headers)
    assert list(kept) == list(headers)[:5]
    assert KEY not in kept["x-request-id"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (
            "/v1/projects/mine/locations/eu/publishers/google/models/gemini:generateContent",
            "/v1/projects/***/locations",
        ),
        (
            "/model/arn:aws:bedrock:eu-west-2:123456789012:inference-profile/x/invoke",
            "/model/arn:aws:bedrock:eu-west-2:***",
        ),
    ],
)
def test_a_path_does_not_say_whose_it_is(path: str, shown: str) -> None:
    assert Question.of(asked(path=path)).path.startswith(shown)


def test_a_request_is_known_again_with_another_key_and_from_another_project() -> None:
    path = "/v1/projects/{}/locations/eu/publishers/google/models/gemini:generateContent"
    mine = Question.of(asked({"contents": []}, path=path.format("mine"), query="key=mine&alt=json"))
    yours = Question.of(asked({"contents": []}, path=path.format("yours"), query="alt=json&key=yours"))
    assert mine == yours


def test_pages_of_a_list_are_told_apart() -> None:
    assert Question.of(asked(query="pageToken=a")).key != Question.of(asked(query="pageToken=b")).key


def test_forms_are_known_again_although_their_boundary_is_drawn_anew() -> None:
    def form(boundary: str, file: str) -> Question:
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return Question.of(HttpRequest("POST", "/v1/files", headers=headers, body=f"--{boundary}{file}".encode()))

    assert form("a1", "one") == form("b2", "one")
    assert form("a1", "one") != form("a1", "two")


def test_requests_are_known_again_by_later_versions_of_this_package() -> None:
    assert (
        Question.of(asked({"model": "gpt-5.2", "input": "Hello"}, path="/v1/responses")).fingerprint
        == "e6629882a256e5b73ba6fe44"
    )
