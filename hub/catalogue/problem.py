"""What keeps a catalogue file 目录文件 from being used, as whoever wrote it is told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a catalogue file, where, and what to do about it."""

    code: str
    en: str
    zh: str
    remedy: str
    remedy_zh: str
    file: str = ""
    line: int = 0
    path: str = ""

    def __str__(self) -> str:
        """One line that names file, line, path, fact and remedy."""
        return f"{self._place}: {self.path}: {self.en} {self.remedy}".strip(": ")

    @property
    def line_zh(self) -> str:
        """The same in Chinese."""
        return f"{self._place}：{self.path}：{self.zh}{self.remedy_zh}".strip("：")

    @property
    def _place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


_NOUNS: Final = {
    "purpose": "使用场景",
    "brought kind": "材料类别",
    "claim": "数据项",
    "evidence type": "凭证类型",
    "rests_on entry": "依据凭证（rests_on）",
    "legal basis": "法律依据",
    "role": "角色",
    "condition": "情形条件",
    "sub-item": "办理情形",
    "statement type": "派生证明类型",
    "matter": "事项",
    "role of the record": "登记信息角色",
    "role of the schema": "数据模式所列角色",
    "statement that the hub can make": "枢纽可出具的派生证明",
}


@dataclass(frozen=True, slots=True)
class At:
    """A place in the catalogue, by section and ids, to which problems are attached."""

    path: str

    def problem(self, fact: str, *said: str) -> Problem:
        """``said``: the fact in English and Chinese, then the remedy in both."""
        en, zh, remedy, remedy_zh = said
        return Problem(f"catalogue.{fact}", en, zh, remedy, remedy_zh, path=self.path)

    def within(self, part: str) -> "At":
        """A place inside this one."""
        return At(f"{self.path}/{part}")


def unknown(named: Iterable[str], known: Mapping[str, object], noun: str, at: At) -> Iterator[Problem]:
    """A problem for each name that is none of the ``known`` ones."""
    for each in named:
        if each not in known:
            yield at.problem(
                f"unknown-{noun.replace(' ', '-').replace('_', '-')}",
                f"There is no {noun} “{each}”.",
                f"引用了不存在的{_NOUNS[noun]}“{each}”。",
                f"Add it, or name one of: {', '.join(sorted(known)[:12]) or 'none yet'}.",
                f"请补充，或改用以下之一：{'、'.join(sorted(known)[:12]) or '（暂无）'}。",
            )
