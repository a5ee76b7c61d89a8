"""Status lists 状态列表 as kept for a department: what a new one must show, and may not take back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.errors import Conflict, Malformed
from hub.evidence.model import Status
from hub.proof.statuslist import StatusList, StatusValue

VALUES: Final[Mapping[str, StatusValue]] = {
    Status.valid.value: StatusValue.valid,
    Status.withdrawn.value: StatusValue.invalid,
    Status.superseded.value: StatusValue.invalid,
    Status.reversed.value: StatusValue.suspended,
}
"""A reversed death may be confirmed after all, so it is suspended; what is withdrawn or replaced never comes back."""
OWNER: Final = r"[a-z_]{1,40}|[a-z]{2,12}:[a-z0-9-]{1,60}"
"""Whose lists: a registry's, or, of papers and licences, those of the service that signed them, by its party id."""
_ADDRESS = re.compile(rf"https?://[!-~]{{1,400}}/v1/statuses/(?P<registry>{OWNER})/(?P<number>0|[1-9][0-9]{{0,9}})")


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as kept: its token, and until when the hub's own changes are in it."""

    uri: str
    issued_at: datetime
    expires_at: datetime
    covers_until: datetime
    digest: bytes
    entry_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DueList:
    """A list that the department should sign now: which indexes no longer stand here, with their values."""

    uri: str
    flips: Mapping[int, int]


def place_of(uri: str) -> tuple[str, int] | None:
    """The registry and the number of the list at that address, or None when it is not one that a hub serves."""
    found = _ADDRESS.fullmatch(uri)
    return None if found is None else (found["registry"], int(found["number"]))


def values_of(ended: Iterable[tuple[int, str]]) -> dict[int, int]:
    """What a list says about each index, given the statuses here; of two pieces under one index, the worse for it."""
    values: dict[int, int] = {}
    for index, status in ended:
        value = VALUES[status]
        if values.get(index) != StatusValue.invalid:
            values[index] = value
    return values


def check_follows(new: StatusList, before: StatusList) -> None:
    """Returns when ``new`` is younger than ``before``, reaches as far, and takes back nothing that is final.

    Raises:
        Conflict: ``status.goes-back`` or ``status.un-flips``, naming how many indexes.
    """
    if new.issued_at <= before.issued_at or len(new.statuses) < len(before.statuses):
        raise Conflict(
            "status.goes-back",
            "A younger or longer list is kept already; read it, and sign one that follows it.",
            "已保存更新或更长的状态列表；请读取后重新签发后续列表。",
            issued_at=before.issued_at,
        )
    back = sum(
        value == StatusValue.invalid and new.statuses[index] != StatusValue.invalid
        for index, value in before.statuses.set_indexes()
    )
    if back:
        raise Conflict(
            "status.un-flips",
            "The list says of evidence that was withdrawn that it stands; issue new evidence instead.",
            "列表将已撤回凭证改回有效；请另行签发新凭证。",
            indexes=back,
        )


def check_shows(new: StatusList, values: Mapping[int, int], before: StatusList | None) -> None:
    """Returns when the list shows everything that no longer stands here, and nothing that nobody took back.

    Raises:
        Conflict: ``status.behind``: evidence ended meanwhile, or the list is shorter than its evidence;
            ``status.stands-here``: a record is taken back by a batch first.
        Malformed: the list holds another width than this hub reads.
    """
    if new.statuses.bits < StatusValue.suspended.bit_length():
        raise Malformed("status.bits", "A status has at least two bits here.", "状态至少须为两位。")
    behind = sum(new.statuses.status_for(index) not in {value, StatusValue.invalid} for index, value in values.items())
    if behind:
        raise Conflict(
            "status.behind",
            "Evidence on this list ended meanwhile; ask again what is due, and sign the list anew.",
            "期间又有凭证失效；请重新查询后签发。",
            indexes=behind,
        )
    known = {} if before is None else dict(before.statuses.set_indexes())
    unknown = sum(index not in values and known.get(index) != value for index, value in new.statuses.set_indexes())
    if unknown:
        raise Conflict(
            "status.stands-here",
            "The list takes back evidence that stands here; withdraw its records in a batch first.",
            "列表撤回了枢纽中仍有效的凭证；请先以批次撤回相应登记信息。",
            indexes=unknown,
        )
