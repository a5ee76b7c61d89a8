"""Answers what cases ask a department to supply 调取: looks subjects up, signs what is found, says where nothing is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.agent.hub_client import HubClient
from hub.errors import Conflict, Malformed, Refused
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


class LeftOpen(Exception):
    """The register cannot say now; the question stays open until somebody has looked. Its text is a code."""


@dataclass(frozen=True)
class Answered:
    """What became of everything that was asked; ``left_open`` says by question why it was not answered."""

    supplied: int
    nothing_found: int
    left_open: Mapping[str, str] = field(default_factory=dict)


def answer_supplies(  # noqa: PLR0913 - each by name
    client: HubClient,
    find: Find,
    *,
    department: str,
    signer: Signer,
    clock: Clock | None = None,
    wishes: Sequence[Mapping[str, Any]] | None = None,
) -> Answered:
    """Everything that the department is asked for now is answered; who answered it first stays unharmed.

    The connection is opened here, as for a push; ``find`` reads the registry; ``wishes`` is what the hub was already
    heard to ask for. A question that ``find`` leaves open, or whose answer the hub finds to be about somebody else or
    in another shape, does not keep the others waiting.

    Raises:
        Refused: this party may not answer.
        Unavailable: the hub stayed away; run again.
    """
    issued_at = int((clock or SystemClock()).now().timestamp())
    supplied = nothing_found = 0
    left_open: dict[str, str] = {}
    for asked in client.supplies() if wishes is None else wishes:
        try:
            form = find(asked["type"], Subject(**asked["subject"]))
            clear = dict(zip(CLEAR, (department, asked["type"], issued_at, new_id("ev")), strict=True))
            client.answer_supply(asked["id"], "" if form is None else issue_sd_jwt(clear, form, signer=signer))
        except LeftOpen as why:
            left_open[asked["id"]] = str(why)
        except (Refused, Malformed) as fault:
            if not fault.code.startswith("cases."):
                raise
            left_open[asked["id"]] = fault.code
        except Conflict:  # a run beside this one answered it
            continue
        else:
            supplied += form is not None
            nothing_found += form is None
    return Answered(supplied, nothing_found, left_open)
