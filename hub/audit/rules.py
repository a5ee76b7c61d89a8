"""What may stand in a log entry, how it commits to what it may not say, and how a subject's entries are chained."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from hub.errors import Broken, Malformed
from hub.proof.encoding import b64url, canonical_json, parse_canonical_each

VERSION: Final = 1
KINDS: Final = frozenset(
    {"exchange", "batch", "case", "key", "review", "link", "catalogue", "status", "grant", "party", "access", "log"}
)
MAX_CONTENT_BYTES: Final = 4_096
MAX_TEXT: Final = 512
_OURS: Final = frozenset({"v", "id", "kind"})
_STATED: Final = itemgetter("v", "kind", "id")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PERSONAL = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]|1[0-9]{10}")


def commit(salt: bytes, text: str) -> str:
    """HMAC-SHA-256 of ``text`` under ``salt``, base64url: says nothing once the salt is erased."""
    return b64url(hmac.digest(salt, text.encode(), hashlib.sha256))


def entry_content(entry_id: str, kind: str, claims: Mapping[str, Any]) -> bytes:
    """The canonical bytes of an entry.

    Raises:
        Broken: claims that are not codes, digests, numbers or lists of them, or beyond 4 KB.
    """
    if kind not in KINDS or _OURS & claims.keys():
        raise _not_code(f"kind {kind!r}")
    for name, value in claims.items():
        _check_value(_checked_name(name), value, depth=3)
    content = canonical_json({**claims, "v": VERSION, "id": entry_id, "kind": kind})
    if len(content) > MAX_CONTENT_BYTES:
        raise _not_code("more than 4 KB")
    return content


def _not_code(what: str) -> Broken:
    return Broken(
        "audit.not-a-code",
        f"A log entry holds codes, digests, commitments and whole numbers only; found {what}. Commit to texts instead.",
        "日志条目只能包含代码、摘要、承诺值与整数；文本请改用承诺值。",
    )


@lru_cache(maxsize=1_024)
def _checked_name(name: str) -> str:
    """Names are few and come again and again."""
    if not _NAME.fullmatch(name):
        raise _not_code(f"the claim name {name!r}")
    return name


def is_code(text: str) -> bool:
    """True for what may stand in an entry in clear: printable ASCII of at most 512 characters, and nobody's number."""
    return len(text) <= MAX_TEXT and text.isascii() and text.isprintable() and not _PERSONAL.fullmatch(text)


def _check_value(name: str, value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        if not is_code(value):
            raise _not_code(f"a text in {name!r}")
    elif kind is int or value is None or kind is bool:
        return
    elif isinstance(value, Mapping) and depth:
        for key, member in value.items():
            _check_value(_checked_name(key), member, depth - 1)
    elif isinstance(value, list | tuple) and depth:
        for member in value:
            _check_value(name, member, depth - 1)
    else:
        raise _not_code(f"{type(value).__name__} in {name!r}")


def parse_entry(content: bytes) -> dict[str, Any]:
    """What an entry says.

    Raises:
        Malformed: not the canonical bytes of an entry of a known version and kind.
    """
    return parse_each([content])[0]


def parse_each(contents: Sequence[bytes]) -> list[dict[str, Any]]:
    """What each of many entries, one at least, says.

    Raises:
        Malformed: as ``parse_entry`` does for one of them.
    """
    try:
        if max(map(len, contents), default=0) > MAX_CONTENT_BYTES:
            raise _bad_entry()
        parsed = parse_canonical_each(contents)
        versions, kinds, entry_ids = zip(*map(_STATED, parsed), strict=True)
        types = {*map(type, versions)}, {*map(type, entry_ids)}
        if types != ({int}, {str}) or {*versions} != {VERSION} or not KINDS.issuperset(kinds):
            raise _bad_entry()
    except (Malformed, KeyError, TypeError):
        raise _bad_entry() from None
    return parsed


def _bad_entry() -> Malformed:
    return Malformed("audit.bad-entry", "The bytes are not an entry of this log.", "该内容不是本日志的条目。")


def chain_link(salt: bytes, previous_leaf: bytes) -> str:
    """What ties an entry to the one before it about the same subject; only a holder of the salt can tell."""
    return commit(salt, previous_leaf.hex())
