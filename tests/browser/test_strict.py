"""The page's own reading of bytes: as strict as the hub's, and written apart from it."""

import pytest

from tests.browser.browser import Browser


@pytest.fixture
def tab(browser: Browser, console_url: str) -> Browser:
    browser.open(f"{console_url}/verify.html")
    return browser


def refusal(tab: Browser, call: str) -> str:
    return tab.run(
        f"try {{ await {call}; return 'accepted'; }} catch (fault) {{ return fault.code ?? String(fault); }}"
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}', '{"a":1.0}', '{"a":1e3}', '{"a":01}', '{"a":1}x', "[1,]", '{"a":"\\u0000"}', '"\\ud800"',
        "9007199254740993", "NaN", "'a'", "", "{" * 3, "[" * 40 + "]" * 40, '{"__proto__":1,"__proto__":2}', '"a\nb"',
    ],
)  # fmt: skip
def test_json_with_more_than_one_reading_is_refused(tab: Browser, text: str) -> None:
    assert tab.run("try { HubStrict.strictJson(args[0]); } catch (f) { return f.code; }", text) == "json"


def test_json_with_one_reading_is_read(tab: Browser) -> None:
    text = ' {"a":[1,-2,true,null,"\\u6c11\\"\\\\"],"__proto__":{"b":"𠮷"},"c":{},"d":[]} '
    read = tab.run("return JSON.stringify(HubStrict.strictJson(args[0]))", text)
    assert read == '{"a":[1,-2,true,null,"民\\"\\\\"],"__proto__":{"b":"𠮷"},"c":{},"d":[]}'


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "YWJj\n", "YW+j", " YWJj"])
def test_base64url_has_one_spelling(tab: Browser, text: str) -> None:
    assert tab.run("try { HubStrict.unb64url(args[0]); } catch (f) { return f.code; }", text) in ("base64url", "base64")


def test_a_long_text_is_read_without_growing_the_stack(tab: Browser) -> None:
    assert tab.run("return HubStrict.strictJson(JSON.stringify('凭'.repeat(2e6))).length") == 2_000_000


def test_a_private_key_in_a_trust_policy_is_refused(tab: Browser) -> None:
    jwk = "{kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', d: 'x'}"
    assert refusal(tab, f"HubStrict.publicKey({jwk})") == "bad-key"
