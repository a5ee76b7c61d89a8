"""What decisions must see 决定所见: case, subject, its chain in the log and what is held; for all in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from psycopg import Cursor

from hub.cases.store.standing import COLUMNS, STANDING, CaseStanding, standing_in
from hub.evidence.model import HeldEvidence
from hub.evidence.store import HELD, held_in
from hub.exchange.model import Request
from hub.identity.store.merged import every_id_of

# OFFSET 0: each request is looked at by itself, links before evidence, whatever the planner knows of the tables.
_SCENES: Final = f"""
SELECT asked.place, scene.*
FROM json_to_recordset(%(asked)s) AS asked (place int4, consumer text, jti text, number text, pairwise text,
 subject text, types text[])
CROSS JOIN LATERAL (
 SELECT EXISTS (SELECT FROM exchange WHERE consumer = asked.consumer AND jti = asked.jti),
  who.subject_id, who.merged_into, coalesce(chain.count, 0), coalesce(chain.last_leaf, ''::bytea), standing.*, held.*
 FROM (VALUES (1)) AS one
 LEFT JOIN identity_subject who ON who.subject_id = coalesce(asked.subject,
  (SELECT subject_id FROM identity_pairwise WHERE consumer = asked.consumer AND pairwise = asked.pairwise))
 LEFT JOIN log_subject_chain chain ON chain.subject_id = who.subject_id
 LEFT JOIN LATERAL ({STANDING}) standing ON true
 LEFT JOIN LATERAL (
  SELECT {HELD} FROM evidence_link l CROSS JOIN LATERAL (
   SELECT * FROM evidence
   WHERE evidence_id = l.evidence_id AND status = 'valid' AND type = ANY (asked.types) OFFSET 0) e
  WHERE l.subject_id = ANY ({every_id_of("ARRAY[who.subject_id::text]")})
 ) held ON true
 ORDER BY held.as_of, held.evidence_id OFFSET 0
) scene"""
_OWN: Final = 6
"""Columns before the case's."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One snapshot. ``chain``: how many log entries tell of the subject, and the leaf of the last of them.

    Of a subject that another answers for since a merge, ``merged_into`` names that one, and the rest says little.
    """

    is_answered: bool
    subject_id: str | None
    merged_into: str | None
    chain: tuple[int, bytes]
    case: CaseStanding | None
    held: tuple[HeldEvidence, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the scene of a request depends on: its subject, unless a pairwise id names it, and the types it rests on."""

    request: Request
    subject_id: str | None
    types: Sequence[str]


def scenes_of(cursor: Cursor[Any], asked: Mapping[int, Asked]) -> dict[int, Scene]:
    """What stands now for each request, under its key: all of it one snapshot.

    ``held`` is what is valid about the subject, and those merged into it, of the types, the newest last.
    """
    told = [
        {
            "place": place,
            "consumer": each.request.consumer,
            "jti": each.request.jti,
            "number": each.request.case,
            "pairwise": each.request.pairwise,
            "subject": each.subject_id,
            "types": each.types,
        }
        for place, each in asked.items()
    ]
    cursor.execute(_SCENES, {"asked": orjson.dumps(told).decode()}, binary=True)
    rows: dict[int, list[Any]] = {}
    for row in cursor.fetchall():
        rows.setdefault(row[0], []).append(row)
    return {place: _scene(found) for place, found in rows.items()}


def _scene(rows: list[Any]) -> Scene:
    _, is_answered, found, merged_into, count, last_leaf = rows[0][:_OWN]
    held = tuple(held_in(row[_OWN + COLUMNS :]) for row in rows if row[_OWN + COLUMNS] is not None)
    case = standing_in(rows[0][_OWN : _OWN + COLUMNS])
    return Scene(is_answered, found, merged_into, (count, last_leaf), case, held)
