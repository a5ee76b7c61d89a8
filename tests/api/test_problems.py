"""Whatever a caller sends, the answer is a problem with a stable code in both languages, never a fault."""

import json

import httpx
import pytest

from hub.api.problems import MEDIA_TYPE

JSON = {"content-type": "application/json"}
MEMBERS = {"type", "title", "status", "detail", "detail_zh", "code"}


def _code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem.keys() >= MEMBERS
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:hub:problem:{problem['code']}"
    assert problem["detail"]
    assert problem["detail_zh"]
    return answer.status_code, problem["code"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "api.wrong-fields"),
        (b"{", "proof.json"),
        (b"\xff\xfe{}", "proof.json"),
        (b'{"jwk": {}, "jwk": {}}', "proof.json"),
        (b'{"jwk": {"x": "\\u0000"}, "proof": "p"}', "proof.json"),
        (b'{"jwk": {"x": "\\ud800"}, "proof": "p"}', "proof.json"),
        (b'{"jwk": {"x": 1e999}, "proof": "p"}', "proof.json"),
        (b"[" * 100_000, "proof.json"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "proof.json"),
        (b"[]", "api.wrong-fields"),
        (b'{"jwk": {}, "proof": "p", "further": 1}', "api.wrong-fields"),
        (b'{"jwk": "text", "proof": 1}', "api.wrong-fields"),
    ],
)
def test_wrong_json_is_malformed(http: httpx.Client, body: bytes, code: str) -> None:
    assert _code(http.post("/v1/keys", content=body, headers=JSON)) == (400, code)


def test_wrong_fields_are_named_and_their_values_are_not(http: httpx.Client) -> None:
    answer = http.post(
        "/v1/keys", json={"jwk": {}, "proof": ["11010519491231002X"], "endorsement": "x", "name": "张三"}
    )
    assert answer.json()["fields"] == ["body.proof", "body.name"]
    assert "张三" not in answer.text
    assert "11010519491231002" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "text/json", "application/xml", ""])
def test_another_content_type_is_refused(http: httpx.Client, kind: str) -> None:
    answer = http.post("/v1/keys", content=b"{}", headers={"content-type": kind})
    assert _code(answer) == (415, "api.content-type")
    assert answer.json()["allowed"] == ["application/json"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/keys", "application/json"),
        ("/v1/exchange", "application/jwt"),
        ("/oauth/token", "application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip"])
def test_a_packed_body_is_refused_where_nothing_unpacks_it(
    http: httpx.Client, path: str, kind: str, encoding: str
) -> None:
    answer = http.post(path, content=b"{}", headers={"content-type": kind, "content-encoding": encoding})
    assert _code(answer) == (415, "api.content-encoding")


@pytest.mark.parametrize("path", ["/healthz/", "/v1/keys/"])
def test_an_address_with_a_further_slash_is_another_one_and_leads_nowhere(http: httpx.Client, path: str) -> None:
    """A redirect would send the caller to whatever host it named itself."""
    assert _code(http.get(path, follow_redirects=False)) == (404, "api.no-such-path")


def test_an_unknown_address_is_not_here(http: httpx.Client) -> None:
    assert _code(http.get("/v1/nothing", params={"name": "张三"})) == (404, "api.no-such-path")


def test_another_method_is_refused_and_the_allowed_ones_are_named(http: httpx.Client) -> None:
    answer = http.delete("/v1/keys")
    assert _code(answer) == (405, "api.no-such-method")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/keys", "application/json"),
        ("/v1/exchange", "application/jwt"),
        ("/oauth/token", "application/x-www-form-urlencoded"),
        ("/v1/cases/cas_1/materials", "multipart/form-data; boundary=b"),
    ],
)
def test_fifty_megabytes_are_refused_before_they_are_read(http: httpx.Client, path: str, kind: str) -> None:
    answer = http.post(path, content=bytes(50 * 1024 * 1024), headers={"content-type": kind})
    assert _code(answer) == (413, "api.body-too-large")


def test_a_body_that_does_not_say_its_size_is_cut_off_at_the_limit(http: httpx.Client) -> None:
    answer = http.post("/v1/keys", content=(bytes(65536) for _ in range(64)), headers=JSON)
    assert _code(answer) == (413, "api.body-too-large")


@pytest.mark.parametrize(
    "form",
    ["", "a=1&a=2", "grant_type=client_credentials&grant_type=x", "%ff", "&" * 100, "grant_type=password&x=y"],
)
def test_a_wrong_token_form_is_malformed(http: httpx.Client, form: str) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert _code(http.post("/oauth/token", content=form, headers=kind))[0] == 400


@pytest.mark.parametrize("token", ["", "Bearer", "Basic eDp5", "Bearer x y", "Bearer a.b.c", "Bearer " + "a" * 70_000])
def test_a_wrong_token_is_unauthorised(http: httpx.Client, token: str) -> None:
    answer = http.get("/v1/registries/land/cursor", headers={"authorization": token})
    if len(token) > 65_536:
        assert _code(answer) == (431, "api.head-too-large")
        return
    status, code = _code(answer)
    assert status == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="hub"')
    assert code in ("parties.no-token", "api.bad-token")


def test_every_answer_carries_the_number_under_which_the_log_has_it(http: httpx.Client) -> None:
    numbers = {http.get("/healthz").headers["x-request-number"] for _ in range(3)}
    assert len(numbers) == 3


def test_the_description_lists_for_every_call_its_refusals_with_examples(http: httpx.Client) -> None:
    description = http.get("/openapi.json").json()
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            problems = [
                answer["content"][MEDIA_TYPE]["examples"]
                for answer in operation["responses"].values()
                if MEDIA_TYPE in answer.get("content", {})
            ]
            assert problems or path in ("/healthz", "/readyz"), (method, path)
            for examples in problems:
                for code, example in examples.items():
                    assert example["value"]["code"] == code
                    assert example["value"]["detail_zh"], code
    assert "HTTPValidationError" not in json.dumps(description)


def test_the_description_shows_an_example_of_every_body(http: httpx.Client) -> None:
    description = http.get("/openapi.json").json()
    schemas = description["components"]["schemas"]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                named = body["schema"].get("$ref", "").rpartition("/")[2]
                shown = body.get("examples") or schemas.get(named, {}).get("examples") or body["schema"]["properties"]
                assert shown, (method, path, kind)
