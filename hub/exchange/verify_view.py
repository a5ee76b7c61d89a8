"""Verifies a subject's view 查询记录 offline against a trust policy: that no line is missing, changed or made up.

(1) Each document is strict JSON of the form prescribed. (2) The hub sealed exactly these bytes. (3) Each document goes
on where the one before ended. (4) Every chain is counted from 1 to the count under the newest seal, without a gap. (5)
Every line is tied to the leaf of the line before it. (6) What a line tells is what its entry commits to; one that a
split brought over, from when its subject was taken for somebody else, names the entry that was logged then. (7) The
receipts lead from the entries to a checkpoint that the log signed and the policy's quorum cosigned.

What this cannot show: that the hub counted everything under its newest seal. Whoever holds the bundle of an exchange
that is not there, or an auditor who reads the log, can show that it did not; the seal is then the evidence.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.audit.rules import chain_link, commit, parse_entry
from hub.errors import Malformed, Refused
from hub.exchange.steps import Verification, worked_off
from hub.exchange.trust import NOWHERE, TrustPolicy, parse_trust_policy
from hub.exchange.views import (
    CARRIED,
    CHAIN,
    ERASED,
    EXCHANGE,
    LINE,
    MEMBERS,
    SEAL_TYP,
    TOLD,
    VERSION,
    WITHHELD,
    items_text,
    view_digest,
)
from hub.proof.encoding import b64url, b64url_decode, strict_json
from hub.proof.jws import verify_jws
from hub.proof.merkle import leaf_hash
from hub.proof.tlogproof import verify_tlog_proof

VIEW_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Line:
    """A line read: its leaf, and what else is there of it."""

    n: int
    state: str
    leaf: bytes = field(repr=False)
    entry: Mapping[str, Any] | None = None
    content: bytes = field(default=b"", repr=False)
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def carried(self) -> Mapping[str, Any] | None:
        """What a line in clear tells of an exchange that a split brought over; None when it brought none."""
        told = self.said.get("told", {})
        return told if told.get("kind") == CARRIED else None


def verify_view(documents: Sequence[bytes], policy: bytes | Mapping[str, Any]) -> Verification:
    """The checklist for the view in ``documents``, pages in any order; stops at the first step that fails.

    Raises:
        Malformed: the policy itself is not of the form prescribed.
    """
    checking = _Checking(parse_trust_policy(policy))
    work: list[tuple[str, str, Callable[[], str]]] = [
        ("view is well formed", "查询记录格式完整", lambda: checking.form(documents)),
        ("view is sealed by the hub", "查询记录由枢纽封签", checking.seal),
        ("pages belong together", "各页前后衔接", checking.pages),
        ("no line is missing", "一行不缺", checking.count),
        ("every line follows the one before", "每行均接续上一行", checking.chain),
        ("lines tell what the log's entries commit to", "各行与日志条目所锁定的一致", checking.told),
        ("receipts prove the entries in the log", "回执证明条目在日志中", checking.receipts),
    ]
    return Verification(worked_off(work))


class _Checking:
    """The steps on one view; each uses what the steps before it established."""

    def __init__(self, policy: TrustPolicy) -> None:
        self._policy = policy
        self._views: list[dict[str, Any]] = []
        self._chains: dict[str, list[dict[str, Any]]] = {}
        self._lines: dict[str, list[_Line]] = {}

    def form(self, documents: Sequence[bytes]) -> str:
        """Step 1."""
        if not documents:
            raise _bad_view()
        self._views = sorted(map(_parsed, documents), key=lambda view: int(view["at"]))
        for view in self._views:
            for chain in view["chains"]:
                self._chains.setdefault(chain["chain"], []).append(chain)
        for pages in self._chains.values():
            pages.sort(key=lambda page: int(page["first"]))
        self._lines = {
            name: [_line(each) for page in pages for each in page["lines"]] for name, pages in self._chains.items()
        }
        return f"version {VERSION}, {len(self._chains)} chains"

    def seal(self) -> str:
        """Step 2."""
        for view in self._views:
            sealed = verify_jws(view["seal"], typ=SEAL_TYP, key_for=self._policy.key_for)
            told = (sealed.claims.get("iss"), sealed.claims.get("digest"), sealed.claims.get("iat"))
            if told != (self._policy.hub, view_digest(view), view["at"]):
                raise _differs(
                    "altered", "The view is not the one that the hub sealed.", "查询记录与枢纽封签的内容不符。"
                )
            if not self._policy.counted(self._policy.hub, sealed.key.kid, int(view["at"]), NOWHERE):
                raise _differs("key", "The key of the seal did not count when it signed.", "封签密钥在签署时无效。")
        return f"by {self._policy.hub}"

    def pages(self) -> str:
        """Step 3."""
        for name, pages in self._chains.items():
            before = b""
            expected = 1
            for page in pages:
                if page["first"] != expected or b64url_decode(page["previous"]) != before:
                    raise _gap(name, expected)
                read = [_line(each) for each in page["lines"]]
                expected += len(read)
                before = read[-1].leaf if read else before
        return f"{len(self._views)} pages"

    def count(self) -> str:
        """Step 4."""
        for name, pages in self._chains.items():
            numbers = [line.n for line in self._lines[name]]
            newest = max(int(page["count"]) for page in pages)
            for expected, number in zip(range(1, newest + 1), [*numbers, *([0] * newest)], strict=False):
                if number != expected:
                    raise _gap(name, expected)
            if len(numbers) != newest:
                raise _gap(name, newest + 1)
        return f"{sum(map(len, self._lines.values()))} lines"

    def chain(self) -> str:
        """Step 5."""
        untied = 0
        for name, lines in self._lines.items():
            previous = b""
            for line in lines:
                if line.entry is not None and line.entry.get("n") != line.n:
                    raise _gap(name, line.n)
                if line.state == TOLD:
                    link = chain_link(b64url_decode(line.said["salt"]), previous)
                    if not hmac.compare_digest(str((line.entry or {}).get("prev")), link):
                        raise _gap(name, line.n)
                else:
                    untied += 1
                previous = line.leaf
        return f"{untied} withheld or erased: only the lines after them are tied" if untied else "every line tied"

    def told(self) -> str:
        """Step 6."""
        states = {TOLD: 0, WITHHELD: 0, ERASED: 0}
        for name, line in self._every():
            states[line.state] += 1
            if line.state == TOLD:
                _check_told(name, line)
            elif line.state == ERASED:
                _check_erasure(line)
        return f"{states[TOLD]} told, {states[WITHHELD]} withheld, {states[ERASED]} erased"

    def receipts(self) -> str:
        """Step 7."""
        indexes: list[int] = []
        for _name, line in self._every():
            if line.state != WITHHELD:
                indexes.append(self._proven(line.said["receipt"], line.content))
            if line.carried is not None:
                self._proven(line.carried["receipt"], b64url_decode(line.carried["entry"]))
            if line.state == ERASED:
                self._proven(line.said["erasure_receipt"], b64url_decode(line.said["erasure"]))
        if len(set(indexes)) != len(indexes):
            raise _differs("doubled", "Two lines show the same entry of the log.", "两行记录指向同一日志条目。")
        return f"{len(indexes)} entries in the log"

    def _proven(self, receipt: str, entry: bytes) -> int:
        return verify_tlog_proof(receipt, entry=entry, policy=self._policy.log).index

    def _every(self) -> Iterator[tuple[str, _Line]]:
        return ((name, line) for name, lines in self._lines.items() for line in lines)


def _parsed(document: bytes) -> dict[str, Any]:
    told = strict_json(document) if len(document) <= VIEW_BYTES else None
    if not isinstance(told, dict) or told.keys() != MEMBERS or told["version"] != VERSION:
        raise _bad_view()
    numbers, texts = (told["version"], told["at"], told["deferral_days"]), (told["hub"], told["seal"])
    if not all(type(each) is int for each in numbers) or not all(isinstance(each, str) for each in texts):
        raise _bad_view()
    if not isinstance(told["chains"], list) or not all(_is_chain(each) for each in told["chains"]):
        raise _bad_view()
    return told


def _is_chain(told: Any) -> bool:
    if not isinstance(told, dict) or told.keys() != CHAIN or not isinstance(told["lines"], list):
        return False
    numbers, texts = (told["first"], told["count"]), (told["chain"], told["previous"])
    return all(type(each) is int for each in numbers) and all(isinstance(each, str) for each in texts)


def _line(told: Any) -> _Line:
    state = told.get("state") if isinstance(told, dict) else None
    if not isinstance(state, str) or state not in LINE:
        raise _bad_view()
    if told.keys() != LINE[state] or type(told["n"]) is not int:
        raise _bad_view()
    texts = [value for name, value in told.items() if name not in {"n", "told"}]
    if not all(isinstance(each, str) for each in texts) or not isinstance(told.get("told", {}), dict):
        raise _bad_view()
    if told.get("told", {}).get("kind") == CARRIED and not _is_carried(told["told"]):
        raise _bad_view()
    if state == WITHHELD:
        return _Line(told["n"], state, b64url_decode(told["leaf"]))
    content = b64url_decode(told["entry"])
    return _Line(told["n"], state, leaf_hash(content), parse_entry(content), content, told)


def _is_carried(told: Mapping[str, Any]) -> bool:
    texts = [told.get(name) for name in ("entry", "salt", "receipt")]
    return isinstance(told.get("exchange"), dict) and all(isinstance(each, str) for each in texts)


def _check_told(chain: str, line: _Line) -> None:
    told, salt = line.said["told"], b64url_decode(line.said["salt"])
    if told.get("kind") == "exchange":
        _check_exchange(line, told, line.entry or {}, salt)
        return
    expected: dict[str, Any] = {"kind": "access", "event": told.get("kind"), "by": told.get("by")}
    committed = {"subject": chain} | ({"basis": told["basis"]} if "basis" in told else {})
    if told.get("kind") == CARRIED:
        content = b64url_decode(told["entry"])
        _check_exchange(line, told["exchange"], parse_entry(content), b64url_decode(told["salt"]))
        expected["carried"] = b64url(leaf_hash(content))
    _check_same(line, expected | _commitments(salt, committed), line.entry or {})


def _check_exchange(line: _Line, told: Mapping[str, Any], entry: Mapping[str, Any], salt: bytes) -> None:
    items = told.get("items")
    if told.keys() != EXCHANGE or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _bad_view()
    expected: dict[str, Any] = {"kind": "exchange"}
    expected |= {name: told.get(name) for name in ("exchange", "consumer", "matter", "outcome", "reason")}
    expected |= {"released": sorted({str(item.get("type")) for item in items if item.get("claims")})}
    committed = {name: told.get(name) for name in ("case", "basis")} | {"subject": told.get("subject") or ""}
    committed["shown"] = items_text(items)
    _check_same(line, expected | _commitments(salt, committed), entry)


def _commitments(salt: bytes, committed: Mapping[str, Any]) -> dict[str, str]:
    return {name: commit(salt, str(text)) for name, text in committed.items()}


def _check_same(line: _Line, expected: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    wrong = [name for name, value in expected.items() if entry.get(name) != value]
    if wrong:
        raise _differs(
            "untrue",
            f"Line {line.n} tells otherwise than its log entry: {wrong[0]}.",
            f"第 {line.n} 行与其日志条目不符：{wrong[0]}。",
        )


def _check_erasure(line: _Line) -> None:
    order = parse_entry(b64url_decode(line.said["erasure"]))
    if (order.get("kind"), order.get("event")) != ("access", "erased"):
        raise _differs(
            "no-erasure", f"No order to erase stands behind line {line.n}.", f"第 {line.n} 行没有对应的删除决定。"
        )


def _gap(chain: str, n: int) -> Refused:
    return Refused(
        "exchange.view-gap",
        f"Line {n} is missing, out of place, or not tied to the line before it.",
        f"第 {n} 行缺失、错位或与前一行不相连。",
        chain=chain,
        n=n,
    )


def _differs(fact: str, en: str, zh: str) -> Refused:
    return Refused(f"exchange.view-{fact}", en, zh)


def _bad_view() -> Malformed:
    return Malformed("exchange.view-form", "The view is not of the form prescribed.", "查询记录格式不符合规定。")
