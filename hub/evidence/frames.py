"""Lines of a batch 推送批次 written down: as they pass from one process to another, and as they wait to be kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from hub.evidence.model import Line, Unusable, Usable, Withdrawal

_EVIDENCE: Final = "e"
_WITHDRAWAL: Final = "w"
_UNUSABLE: Final = "u"


def frame_of(lines: Sequence[Line]) -> bytes:
    """The lines as one JSON array."""
    return orjson.dumps([_written(line) for line in lines])


def lines_in(frame: bytes) -> list[Line]:
    """The lines that ``frame_of`` wrote."""
    return [_line(kind, members) for kind, *members in orjson.loads(frame)]


def _line(kind: str, members: Sequence[Any]) -> Line:
    if kind == _EVIDENCE:
        return _usable(members)
    return Withdrawal(*members) if kind == _WITHDRAWAL else Unusable(*members)


def _written(line: Line) -> list[Any]:
    if isinstance(line, Usable):
        return [
            _EVIDENCE, line.line, line.row, line.record, line.content, line.form, line.token.decode("ascii"), line.kid,
            line.as_of, line.valid_from, line.valid_until, line.digest.hex(), line.status_uri, line.status_index,
        ]  # fmt: skip
    if isinstance(line, Withdrawal):
        return [_WITHDRAWAL, line.line, line.record, line.reason]
    return [_UNUSABLE, line.line, line.row, line.record, line.code, line.en, line.zh, line.column, line.raw]


def _usable(members: Sequence[Any]) -> Usable:
    line, row, record, content, form, token, kid, as_of, valid_from, valid_until, digest, status_uri, status_index = (
        members
    )
    return Usable(
        line=line,
        row=row,
        record=record,
        content=content,
        form=form,
        token=token.encode("ascii"),
        kid=kid,
        as_of=datetime.fromisoformat(as_of),
        valid_from=_instant(valid_from),
        valid_until=_instant(valid_until),
        digest=bytes.fromhex(digest),
        status_uri=status_uri,
        status_index=status_index,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
