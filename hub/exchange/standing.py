"""Whether released evidence stood at the time 状态核验, as far as the status lists in a bundle tell.

What a list says of its own time is its signer's word, and whoever stole the key writes any. So a bundle of today shows
where the log holds the digest of each list, and the log's order says which of them the hub had when it answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.audit.rules import parse_entry
from hub.errors import Malformed, Refused
from hub.proof.encoding import b64url, b64url_decode
from hub.proof.jws import KeyFor
from hub.proof.statuslist import StatusList, StatusValue, status_place_in, verify_status_list
from hub.proof.tlogproof import verify_entry
from hub.proof.treehead import Checkpoint

CLOCKS_SECONDS: Final = 60
"""How far the clocks of department and hub may differ."""


@dataclass(frozen=True, slots=True)
class LoggedList:
    """A verified list, and where the log holds its digest; a bundle of the first version does not say it (None)."""

    said: StatusList
    index: int | None = None


def logged_list(member: str | Mapping[str, Any], checkpoint: Checkpoint, key_for: KeyFor) -> LoggedList:
    """One status list of a bundle: (1) its token holds, (2) the entry beside it names its digest, (3) the log holds it.

    Raises:
        Malformed: another form; or the path does not lead to the checkpoint's root.
        Refused: the entry is about something else.
    """
    if isinstance(member, str):
        return LoggedList(verify_status_list(member, key_for=key_for))  # 1
    said = verify_status_list(member["token"], key_for=key_for)  # 1
    content = b64url_decode(member["entry"])
    entry = parse_entry(content)
    if (entry["kind"], entry.get("digest")) != ("status", b64url(said.digest)):  # 2
        raise Refused(
            "exchange.bundle-status-unlogged",
            "The log entry beside a status list does not name that list.",
            "状态列表所附的日志条目与该列表不符。",
        )
    path = [b64url_decode(each) for each in member["path"]]
    verify_entry(path, entry=content, index=member["index"], checkpoint=checkpoint)  # 3
    return LoggedList(said, member["index"])


@dataclass(frozen=True, slots=True)
class Answered:
    """When an answer was signed, and where the log holds it."""

    at: int
    index: int


@dataclass(frozen=True, slots=True)
class StatusLists:
    """The verified lists of one bundle, its answer, and how old a list may be then, if that is said."""

    lists: Sequence[LoggedList]
    answered: Answered
    max_age_seconds: int | None = None

    def found(self, evidence: Sequence[Mapping[str, Any]]) -> str:
        """What the lists say about the evidence with those claims, in a sentence for the checklist.

        Of the lists at the address that a piece names, the newest that the log held before the answer decides; in a
        bundle of the first version, the newest signed before it. A younger one that says otherwise means that the
        evidence ended after it was released, which is no fault of the answer.

        Raises:
            Refused: evidence did not stand when it was released, or had ended by its own word or not begun; or nothing
                fresh enough shows that it stood, although the policy demands it.
            Malformed: evidence names its status in another form.
        """
        told = [self._told(claims) for claims in evidence]
        named = [each for each in told if each is not None]
        shown = [each for each in named if each[0] is not None]
        since = sum(ended for _, ended in named)
        oldest = max((age for age, _ in shown if age is not None), default=0)
        later = f", {since} ended since" if since else ""
        age = f", from lists at most {oldest} s old" if shown else ""
        return f"{len(shown)} of {len(named)} shown valid at release{age}{later}"

    def _told(self, claims: Mapping[str, Any]) -> tuple[int | None, bool] | None:
        """The age of the list that shows the piece valid (None: no list does), and whether it ended since."""
        at = self.answered.at
        _check_period(claims, at)
        place = status_place_in(claims)
        if place is None:
            return None
        uri, index = place
        own = sorted(
            (each for each in self.lists if each.said.uri == uri and each.said.issuer == claims.get("iss")),
            key=lambda each: each.said.issued_at,
        )
        before = [each.said for each in own if self._is_before(each)]
        in_force = before[-1] if before and before[-1].expires_at > at else None
        age = None if in_force is None else max(0, at - in_force.issued_at)
        if in_force is not None and in_force.statuses.status_for(index) != StatusValue.valid:
            raise Refused(
                "exchange.bundle-status",
                "Evidence did not stand when it was released: its department's status list says so.",
                "凭证在披露时已失效：部门签署的状态列表如此载明。",
            )
        if self.max_age_seconds is not None and (age is None or age > self.max_age_seconds):
            raise Refused(
                "exchange.bundle-status-unknown",
                "No status list that is fresh enough for the trust policy shows that the evidence stood.",
                "没有符合信任策略时效要求的状态列表证明凭证有效。",
            )
        ended = bool(own) and own[-1].said.statuses.status_for(index) not in {StatusValue.valid, None}
        return age, ended

    def _is_before(self, each: LoggedList) -> bool:
        if each.index is None:
            return each.said.issued_at <= self.answered.at + CLOCKS_SECONDS
        return each.index < self.answered.index


def _check_period(claims: Mapping[str, Any], at: int) -> None:
    begins, ends = claims.get("nbf", at), claims.get("exp", at + 1)
    if type(begins) is not int or type(ends) is not int:
        raise Malformed(
            "exchange.bundle-period-form", "Evidence names its period in another form.", "凭证有效期格式不符。"
        )
    if begins > at + CLOCKS_SECONDS or ends <= at:
        raise Refused(
            "exchange.bundle-period",
            "Evidence was released before its period of validity began or after it ended.",
            "凭证在其有效期开始前或结束后被披露。",
        )
