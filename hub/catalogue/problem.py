"""What keeps a catalogue file 目录文件 from being used, as whoever wrote it is told."""

from dataclasses import dataclass


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
