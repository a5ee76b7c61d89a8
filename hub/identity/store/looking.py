"""The look 查找 before a chunk is placed: whoever its keys point at, what they say, and what stewards said of them.

One statement for all of it. How much is asked for is hidden from the planner, and every step is an index look-up for
each row of the step before: one plan serves a single record and a thousand, and is made once. It is made for a handful
(that is what ``BETWEEN`` tells): a plan that seems to cost 100,000 would be compiled at every call, where servers do
that (``jit``), which takes a hundred times as long as the look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from hub.identity.store.vault import MENTION_ID_BYTES
from hub.proof.sealing import BLIND_KEY_BYTES

MENTIONS_PER_KEY: Final = 120
"""So many mentions under a key are looked at; among them are more subjects than any cap, or those that matter."""

KeptBefore = tuple[str, bytes, bytes, bytes]
"""Subject and id of a mention, its traits, its keys one after the other."""
MemberFound = tuple[str, bytes, bytes, bytes]
"""Subject and id of a mention, its likeness, its traits."""
Word = tuple[bytes, bytes, str, bytes, str]
"""Two mentions, what a steward called them, which of the two is meant, and its subject."""

LOOK: Final = f"""
WITH given AS MATERIALIZED (
  SELECT %s::bytea AS keys, %s::int AS last, %s::bytea AS ids, %s::int AS own, %s::int AS most),
hits AS MATERIALIZED (SELECT n, subject_id, count(*) OVER (PARTITION BY n) AS sharing FROM (
  SELECT DISTINCT n, m.subject_id FROM given
  JOIN LATERAL generate_series(0, given.last) n ON n BETWEEN 0 AND given.last
  CROSS JOIN LATERAL (SELECT k.mention_id FROM identity_key k
    WHERE k.key = substring(given.keys FROM n * {BLIND_KEY_BYTES} + 1 FOR {BLIND_KEY_BYTES})
    LIMIT {MENTIONS_PER_KEY}) k
  CROSS JOIN LATERAL (SELECT x.subject_id FROM identity_mention x WHERE x.mention_id = k.mention_id OFFSET 0) m) found),
before AS MATERIALIZED (
  SELECT m.* FROM given JOIN LATERAL generate_series(0, given.own) n ON n BETWEEN 0 AND given.own CROSS JOIN LATERAL (
  SELECT x.subject_id, x.mention_id, x.traits, x.keys FROM identity_mention x
  WHERE x.mention_id = substring(given.ids FROM n * {MENTION_ID_BYTES} + 1 FOR {MENTION_ID_BYTES}) OFFSET 0) m),
reached AS MATERIALIZED (
  SELECT hits.subject_id FROM given, hits WHERE sharing <= given.most UNION SELECT subject_id FROM before),
members AS MATERIALIZED (
  SELECT s.*, m.* FROM reached CROSS JOIN LATERAL (SELECT x.subject_id, x.kind, x.created_at FROM identity_subject x
  WHERE x.subject_id = reached.subject_id OFFSET 0) s
  LEFT JOIN LATERAL (SELECT x.mention_id, x.likeness, x.traits, x.added_at, x.gone_at FROM identity_mention x
  WHERE x.subject_id = reached.subject_id OFFSET 0) m ON true),
mine AS MATERIALIZED (SELECT mention_id, subject_id FROM members UNION SELECT mention_id, subject_id FROM before)
SELECT 'hit', n, subject_id, NULL, NULL::timestamptz, NULL::timestamptz, NULL::bytea, NULL::bytea, NULL::bytea
  FROM hits
UNION ALL SELECT 'before', NULL, subject_id, NULL, NULL, NULL, mention_id, traits, keys FROM before
UNION ALL SELECT 'member', NULL, subject_id, kind, created_at, added_at, mention_id, likeness, traits FROM members
  WHERE gone_at IS NULL
UNION ALL SELECT 'member', NULL, subject_id, kind, created_at, NULL, NULL, NULL, NULL FROM members
  WHERE gone_at IS NOT NULL GROUP BY subject_id, kind, created_at
UNION ALL SELECT 'word', NULL, v.verdict, subject_id, NULL, NULL, v.low_id, v.high_id, mention_id FROM mine
  CROSS JOIN LATERAL
  (SELECT x.low_id, x.high_id, x.verdict FROM identity_verdict x WHERE x.low_id = mine.mention_id OFFSET 0) v
UNION ALL SELECT 'word', NULL, v.verdict, subject_id, NULL, NULL, v.low_id, v.high_id, mention_id FROM mine
  CROSS JOIN LATERAL
  (SELECT x.low_id, x.high_id, x.verdict FROM identity_verdict x WHERE x.high_id = mine.mention_id OFFSET 0) v
"""


@dataclass(slots=True)
class Looked:
    """What the index holds that matters to a chunk.

    ``hits``: the subjects behind each key. ``before``: earlier versions of the own mentions; ``said``: what they said,
    sealed. ``subjects``: kind and age of every subject that is not too many's. ``members``: their living mentions, the
    oldest first. ``words``: what stewards said of two mentions, and whose the one is that is here, gone or not.
    """

    hits: dict[bytes, dict[str, None]] = field(default_factory=dict)
    before: list[KeptBefore] = field(default_factory=list)
    said: dict[bytes, bytes] = field(default_factory=dict)
    subjects: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    members: list[MemberFound] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)

    def take(self, rows: Iterable[tuple[Any, ...]], keys: Sequence[bytes]) -> None:
        """What the rows of ``LOOK`` say."""
        aged: list[tuple[Any, ...]] = []
        for sort, place, text, kind, created_at, added_at, *content in rows:
            if sort == "hit":
                self.hits.setdefault(keys[place], {})[text] = None
            elif sort == "before":
                self.before.append((text, *content))
            elif sort == "word":
                low, high, here = content
                self.words.append((low, high, text, here, kind))
            else:
                self.subjects[text] = (kind, created_at)
                if added_at is not None:
                    aged.append((added_at, content[0], text, *content))
        own = {mention_id for _, mention_id, *_ in self.before}
        self.members = [row[2:] for row in sorted(aged, key=itemgetter(0, 1)) if row[1] not in own]


def look_values(mention_ids: Sequence[bytes], keys: Sequence[bytes], most: int) -> list[Any]:
    """The values of ``LOOK``.

    Keys and ids travel as one each: an array of thousands would cost the driver more than the look.
    """
    return [b"".join(keys), len(keys) - 1, b"".join(mention_ids), len(mention_ids) - 1, most]
