"""Text files line by line in the encoding each line really has: UTF-8 or GB18030, also when a file changes half-way."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from hub.errors import Malformed

UTF8: Final = "utf-8"
GB18030: Final = "gb18030"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_SAMPLE_BYTES: Final = 262_144
_LONGEST_LINE: Final = 1_000_000
_CUT: Final = b"\xff\xff\xff"
"""Ends what is left of an endless line; in no encoding."""
TOO_LONG: Final = "row.line-too-long"
_MANY_NULS: Final = 16

UNDECODABLE: Final = "undecodable"
"""The flag of a line that is in no encoding: the bytes concerned stand as half characters in its text."""

Line = tuple[str | None, bytes, tuple[str, ...]]
"""The line as text (None for one without an end), its bytes, what was odd about it or why it cannot be read."""


def encoding_of(path: Path) -> str:
    """The encoding that most of the file is in."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if sample.startswith(_UTF16_MARKS):
        return "utf-16"
    if wide := _unmarked_utf16(sample):
        return wide
    if sample.startswith(_UTF8_MARK):
        return UTF8
    votes = {UTF8: 0, GB18030: 0}
    for line in sample.split(b"\n")[:2000]:
        if not line.isascii():
            votes[_likelier(line, UTF8)] += 1
    return GB18030 if votes[GB18030] > votes[UTF8] else UTF8


def _unmarked_utf16(sample: bytes) -> str:
    """The byte order of UTF-16 without a mark: in every table ASCII stands, each time beside a NUL on the same side."""
    before, after = sample[::2].count(0), sample[1::2].count(0)
    if max(before, after) * _MANY_NULS < len(sample) or min(before, after) * _MANY_NULS > max(before, after):
        return ""
    return "utf-16-le" if after > before else "utf-16-be"


def _likelier(line: bytes, primary: str) -> str:
    """The encoding that makes sense of ``line``; ``primary`` when both do."""
    as_utf8, as_gb = _decoded(line, UTF8), _decoded(line, GB18030)
    if as_utf8 is None or as_gb is None:
        return primary if as_utf8 is as_gb else UTF8 if as_gb is None else GB18030
    if primary == UTF8:
        return UTF8
    return UTF8 if _rare(as_utf8) < _rare(as_gb) else GB18030


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _rare(text: str) -> int:
    """Characters outside the 6,763 that everyday Chinese is written with: many of them mean a wrong decoding."""
    return sum(1 for character in text if not character.isascii() and not character.encode("gb2312", "ignore"))


def decoded_lines(path: Path, encoding: str) -> Iterator[Line]:
    """Every line of the file without its line break.

    A line that is not in ``encoding`` is read in the other and flagged. What is in neither, or is half a character of
    UTF-16, stays a half character, so that the cells around it can be told apart.
    """
    if encoding.startswith("utf-16"):
        yield from _utf16_lines(path, encoding)
        return
    with path.open("rb") as file:
        for number, line in enumerate(_byte_lines(file)):
            bare = line.removeprefix(_UTF8_MARK) if number == 0 else line
            yield _line(bare.rstrip(b"\r"), encoding)


def _byte_lines(file: BinaryIO) -> Iterator[bytes]:
    start = file.read(_SAMPLE_BYTES)
    file.seek(0)
    if b"\n" not in start and b"\r" in start:
        yield from (line for line in file.read().split(b"\r") if line)
        return
    while line := file.readline(_LONGEST_LINE):
        if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:
            while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                continue
            line = line[:200] + _CUT
        yield line.removesuffix(b"\n")


def _line(line: bytes, encoding: str) -> Line:
    if line.isascii():
        return _without_nul(line.decode("ascii"), line, ())
    found = _likelier(line, encoding)
    text = _decoded(line, found)
    if text is None and line.endswith(_CUT):
        return None, line.removesuffix(_CUT), (TOO_LONG,)
    if text is None:
        return _without_nul(line.decode(found, "surrogateescape"), line, (UNDECODABLE,))
    return _without_nul(text, line, () if found == encoding else ("encoding-differs",))


def _without_nul(text: str, line: bytes, flags: tuple[str, ...]) -> Line:
    if "\x00" not in text:
        return text, line, flags
    return text.replace("\x00", ""), line, (*flags, "nul-removed")


def _utf16_lines(path: Path, encoding: str) -> Iterator[Line]:
    with path.open(encoding=encoding, errors="surrogatepass", newline="") as file:
        try:
            for line in file:
                yield _without_nul(line.rstrip("\r\n"), b"", ())
        except UnicodeDecodeError as fault:  # the file ends in the middle of a character
            raise cut_short(path.name) from fault


def ends_with_line(path: Path, encoding: str) -> bool:
    """True when the last character of the file ends its line."""
    width = 2 if encoding.startswith("utf-16") else 1
    with path.open("rb") as file:
        mark = file.read(width)
        file.seek(max(0, path.stat().st_size - width))
        order = encoding if encoding != "utf-16" else "utf-16-be" if mark == _UTF16_MARKS[1] else "utf-16-le"
        return file.read().decode(order, "replace") in ("\r", "\n")


def cut_short(name: str) -> Malformed:
    """What is said of a file that ends where no row does."""
    return Malformed(
        "adapters.file-cut",
        f"{name} ends in the middle of a row: it was cut short, or is being written. Export it again, and"
        " run again when it is whole. Until then no record is taken for gone.",
        f"{name} 在一行中间结束：文件被截断或仍在写入。请重新导出后再运行；此前不视任何记录为消失。",
    )
