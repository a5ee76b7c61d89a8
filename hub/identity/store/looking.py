"""The look 查找 before a chunk is placed: whoever its keys point at, what they say, and what stewards said of them.

How much is asked for is hidden from the planner, and every step is an index look-up for each row of the step before:
one plan serves a single record and a thousand, and is made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.proof.sealing import BLIND_KEY_BYTES

MENTIONS_PER_KEY: Final = 120
"""So many mentions under a key are looked at; among them are more subjects than any cap, or those that matter."""

KeptBefore = tuple[bytes, str, bytes, bytes]
SubjectFound = tuple[str, str, datetime]
MemberFound = tuple[str, bytes, bytes, bytes]

ASK: Final = f"""
WITH given AS MATERIALIZED (SELECT %s::bytea AS keys, %s::int AS last, %s::bytea[] AS ids)
SELECT n, m.subject_id, NULL::bytea, NULL::bytea, NULL::bytea FROM given
  CROSS JOIN LATERAL generate_series(0, given.last) n
  CROSS JOIN LATERAL (SELECT k.mention_id FROM identity_key k
    WHERE k.key = substring(given.keys FROM n * {BLIND_KEY_BYTES} + 1 FOR {BLIND_KEY_BYTES})
    LIMIT {MENTIONS_PER_KEY}) k
  CROSS JOIN LATERAL (SELECT x.subject_id FROM identity_mention x WHERE x.mention_id = k.mention_id OFFSET 0) m
UNION ALL SELECT NULL, m.subject_id, m.mention_id, m.traits, m.keys FROM given
  CROSS JOIN LATERAL unnest(given.ids) AS own(mention_id) CROSS JOIN LATERAL
  (SELECT x.* FROM identity_mention x WHERE x.mention_id = own.mention_id OFFSET 0) m
"""
STAND: Final = """
WITH given AS MATERIALIZED (SELECT %s::text[] AS subjects, %s::bytea[] AS ids),
reached AS MATERIALIZED (SELECT x.subject_id FROM given CROSS JOIN LATERAL unnest(given.subjects) AS x(subject_id)),
members AS MATERIALIZED (
  SELECT m.* FROM reached CROSS JOIN LATERAL (SELECT x.subject_id, x.mention_id, x.likeness, x.traits, x.added_at
  FROM identity_mention x WHERE x.subject_id = reached.subject_id AND x.gone_at IS NULL OFFSET 0) m),
mine AS MATERIALIZED (
  SELECT mention_id FROM members UNION SELECT own.mention_id FROM given, unnest(given.ids) AS own(mention_id))
SELECT 'subject', s.subject_id, s.kind, s.created_at, NULL::bytea, NULL::bytea, NULL::bytea FROM reached
  CROSS JOIN LATERAL (SELECT x.subject_id, x.kind, x.created_at FROM identity_subject x
  WHERE x.subject_id = reached.subject_id OFFSET 0) s
UNION ALL SELECT 'member', subject_id, NULL, added_at, mention_id, likeness, traits FROM members
UNION ALL SELECT 'word', v.verdict, NULL, NULL, v.low_id, v.high_id, NULL FROM mine CROSS JOIN LATERAL
  (SELECT x.low_id, x.high_id, x.verdict FROM identity_verdict x WHERE x.low_id = mine.mention_id OFFSET 0) v
UNION ALL SELECT 'word', v.verdict, NULL, NULL, v.low_id, v.high_id, NULL FROM mine CROSS JOIN LATERAL
  (SELECT x.low_id, x.high_id, x.verdict FROM identity_verdict x WHERE x.high_id = mine.mention_id OFFSET 0) v
"""


@dataclass(slots=True)
class Looked:
    """What the index holds that matters to a chunk.

    ``hits``: the subjects behind each key. ``before``: earlier versions of the own mentions. ``members``: living
    mentions of the subjects asked for, the oldest first. ``words``: what stewards said of two mentions of which one is
    here.
    """

    hits: dict[bytes, dict[str, None]] = field(default_factory=dict)
    before: list[KeptBefore] = field(default_factory=list)
    subjects: list[SubjectFound] = field(default_factory=list)
    members: list[MemberFound] = field(default_factory=list)
    words: list[tuple[bytes, bytes, str]] = field(default_factory=list)

    def take_asked(self, rows: Sequence[tuple[Any, ...]], keys: Sequence[bytes]) -> None:
        """What the rows of ``ASK`` say."""
        for place, subject_id, *content in rows:
            if place is None:
                self.before.append((content[0], subject_id, content[1], content[2]))
            else:
                self.hits.setdefault(keys[place], {})[subject_id] = None

    def take_standing(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """What the rows of ``STAND`` say."""
        members, own = [], {row[0] for row in self.before}
        for sort, text, kind, at, *content in rows:
            if sort == "member":
                members.append((at, text, *content))
            elif sort == "subject":
                self.subjects.append((text, kind, at))
            else:
                self.words.append((content[0], content[1], text))
        members.sort(key=lambda row: (row[0], row[2]))
        self.members = [row[1:] for row in members if row[2] not in own]


def ask_values(mention_ids: Sequence[bytes], keys: Sequence[bytes]) -> list[Any]:
    """The values of ``ASK``; the keys travel as one: an array of thousands would cost the driver more than the look."""
    return [b"".join(keys), len(keys) - 1, list(mention_ids)]
