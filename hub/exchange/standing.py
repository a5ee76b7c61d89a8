"""Whether released evidence stood at the time 状态核验, as far as the status lists in a bundle tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import Malformed, Refused
from hub.proof.statuslist import StatusList, StatusValue, status_place_in

CLOCKS_SECONDS: Final = 60
"""How far the clocks of department and hub may differ."""


@dataclass(frozen=True, slots=True)
class StatusLists:
    """The verified lists of one bundle, the instant of its answer, and how old a list may be then, if that is said."""

    lists: Sequence[StatusList]
    answered_at: int
    max_age_seconds: int | None = None

    def found(self, evidence: Sequence[Mapping[str, Any]]) -> str:
        """What the lists say about the evidence with those claims, in a sentence for the checklist.

        Of the lists at the address that a piece names, the newest from before the answer decides. A younger one that
        says otherwise means that the evidence ended after it was released, which is no fault of the answer.

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
        _check_period(claims, self.answered_at)
        place = status_place_in(claims)
        if place is None:
            return None
        uri, index = place
        own = sorted(
            (each for each in self.lists if each.uri == uri and each.issuer == claims.get("iss")),
            key=lambda each: each.issued_at,
        )
        before = [each for each in own if each.issued_at <= self.answered_at + CLOCKS_SECONDS]
        in_force = before[-1] if before and before[-1].expires_at > self.answered_at else None
        age = None if in_force is None else max(0, self.answered_at - in_force.issued_at)
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
        ended = bool(own) and own[-1].statuses.status_for(index) not in {StatusValue.valid, None}
        return age, ended


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
