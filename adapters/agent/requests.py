"""Answers what cases ask a department to supply 调取: looks subjects up, signs what is found, says where nothing is."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.agent.hub_client import HubClient
from hub.errors import Conflict
from hub.kernel.clock import Clock, SystemClock
from hub.kernel.ids import new_id
from hub.proof.keys import Signer
from hub.proof.sdjwt import issue_sd_jwt

CLEAR: Final = ("iss", "vct", "iat", "jti")


@dataclass(frozen=True)
class Subject:
    """By which number and name to look in the department's own registry."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str = field(repr=False)


Find = Callable[[str, Subject], Mapping[str, Any] | None]
"""Evidence type and subject → the standard form of ``schemas/evidence``, or None where the registry has nothing."""


@dataclass(frozen=True)
class Answered:
    """What became of everything that was asked."""

    supplied: int
    nothing_found: int


def answer_supplies(
    client: HubClient, find: Find, *, department: str, signer: Signer, clock: Clock | None = None
) -> Answered:
    """Everything that the department is asked for now is answered; who answered it first stays unharmed.

    The connection is opened here, as for a push; ``find`` reads the registry.

    Raises:
        Refused, Malformed: what ``find`` gave is not about the subject asked for, or not in its published shape.
        Unavailable: the hub stayed away; run again.
    """
    issued_at = int((clock or SystemClock()).now().timestamp())
    supplied = nothing_found = 0
    for asked in client.supplies():
        form = find(asked["type"], Subject(**asked["subject"]))
        clear = dict(zip(CLEAR, (department, asked["type"], issued_at, new_id("ev")), strict=True))
        evidence = "" if form is None else issue_sd_jwt(clear, form, signer=signer)
        with suppress(Conflict):  # a run beside this one answered it
            client.answer_supply(asked["id"], evidence)
            supplied += form is not None
            nothing_found += form is None
    return Answered(supplied, nothing_found)
