"""Every guide exists in both languages, and both give the same commands, names and links in the same order."""

from pathlib import Path

import pytest

from tests.docs.examples import ROOT
from tests.docs.pairs import CHINESE, GUIDES, LINK, differences, guides

PAIRS = [pytest.param(*pair, id=pair[0].stem) for pair in guides()]
HINT = "change the guide in the other language too"


def test_every_guide_is_there_in_both_languages() -> None:
    assert [english.name for english, chinese in guides() if not chinese.is_file()] == []
    assert {path.name for path in GUIDES.glob(f"*{CHINESE}")} == {chinese.name for _, chinese in guides()}


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_say_the_same_commands_names_and_links(english: Path, chinese: Path) -> None:
    assert differences(_text(english), _text(chinese)) == [], HINT


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_each_language_links_to_the_other_right_below_the_title(english: Path, chinese: Path) -> None:
    assert _text(english).splitlines()[2] == f"[中文]({chinese.name})"
    assert _text(chinese).splitlines()[2] == f"[English]({english.name})"


@pytest.mark.parametrize("chinese", [chinese for _, chinese in guides()], ids=lambda path: path.name)
def test_readers_of_chinese_are_sent_to_chinese_guides(chinese: Path) -> None:
    below = "\n".join(_text(chinese).splitlines()[3:])
    paths = [chinese.parent / link.partition("#")[0] for link in LINK.findall(below)]
    assert [path.name for path in paths if path.parent == GUIDES and not path.name.endswith(CHINESE)] == []


def test_the_chinese_readme_names_every_chinese_guide() -> None:
    named = set(LINK.findall(_text(ROOT / "README.zh-CN.md")))
    assert {f"docs/guides/{chinese.name}" for _, chinese in guides()} - named == set()


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("--registry land --opened-until", "--registry marriage --opened-until"),
        ("hub identity recalled --waiting\n", ""),
        ("hub identity recalled --waiting\n", "hub identity recalled --waiting\nhub identity figures\n"),
        ("`HUB_REVIEW_PROBABLE=yes`", "`HUB_REVIEW_PROBABLE=no`"),
        ("`GET /v1/notices`", "the notices"),
        ("../glossary.md#subject", "../glossary.md#resident"),
        ("| `unsure` |", "| `unsure` | |\n| `unsure` |"),
        ("## Joining and undoing", "### Joining and undoing"),
        ("```\nhub identity owner", "```sh\nhub identity owner"),
    ],
)
def test_a_change_in_one_language_alone_is_seen(was: str, becomes: str) -> None:
    english = _text(GUIDES / "stewards.md")
    assert english.count(was) == 1
    assert differences(english.replace(was, becomes), _text(GUIDES / f"stewards{CHINESE}")) != []


def test_only_comments_may_differ_inside_a_block() -> None:
    english = '# Title\n\n```sh\n# first\nrun --now "$#"   # at once\n```\n'
    assert differences(english, english.replace("first", "先").replace("at once", "立即")) == []
    assert differences(english, english.replace("--now", "--later")) != []
    assert differences(english, english.replace("run", "#run")) != []


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
