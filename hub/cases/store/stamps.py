"""One statement that says whether anything a checklist looks at has changed, without reading it.

Of evidence, however much there is, the database itself keeps what changed last (``tables.WATCH``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from hub.identity.store.merged import every_id_of
from hub.storage.database import Database

# Row versions (xmin) change with every update, so their digests tell a change of any column, sums a row come or gone.
_STAMP: Final = f"""
WITH c AS MATERIALIZED ({{cases}})
SELECT c.case_id, c.consumer, coalesce(p.is_settled, false), concat_ws('|', c.xmin, p.people,
    ARRAY (SELECT v.change FROM evidence_change v WHERE v.subject_id = ANY (p.everyone) ORDER BY v.change),
    (SELECT sum(hashtextextended(b.material_id, b.xmin::text::bigint))
     FROM brought_material b WHERE b.subject_id = ANY (p.everyone)),
    (SELECT sum(hashtextextended(g.id, g.xmin::text::bigint)) FROM sharing_grant g WHERE g.consumer = c.consumer),
    (SELECT sum(hashtextextended(m.material, m.xmin::text::bigint)) FROM case_material m WHERE m.case_id = c.case_id),
    (SELECT sum(hashtextextended(o.owed_id, o.xmin::text::bigint))
     FROM sharing_owed o WHERE o.subject_id = ANY (p.everyone)),
    (SELECT sum(hashtextextended(k.case_id || k.material, k.xmin::text::bigint))
     FROM commitment k WHERE k.subject_id = ANY (p.everyone)))
FROM c, LATERAL (
    SELECT bool_and(p.subject_id IS NOT NULL AND s.merged_into IS NULL) AS is_settled,
        {every_id_of("array_agg(DISTINCT p.subject_id)")} AS everyone,
        sum(hashtextextended(concat_ws(',', p.role, p.position, p.subject_id, p.outcome, p.xmin), 0)) AS people
    FROM case_participant p LEFT JOIN identity_subject s ON s.subject_id = p.subject_id
    WHERE p.case_id = c.case_id) p
"""
_BY_NUMBER: Final = _STAMP.format(
    cases="SELECT case_id, consumer, xmin FROM case_file WHERE consumer = %s AND number = %s"
)
_BY_ID: Final = _STAMP.format(
    cases="""
    SELECT f.case_id, f.consumer, f.xmin FROM unnest(%s::text[], %s::text[]) asked (consumer, case_id)
    CROSS JOIN LATERAL (SELECT case_id, consumer, xmin FROM case_file WHERE case_id = asked.case_id OFFSET 0) f
    WHERE f.consumer = asked.consumer"""
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a case's checklist rests on, as one text; ``is_settled`` when every participant is a subject that stands."""

    case_id: str
    text: str
    is_settled: bool


def stamp_of(database: Database, consumer: str, number: str) -> Stamp | None:
    """The stamp of the consumer's case of that number; None when there is none.

    One statement is its own snapshot, so it takes no transaction around it.
    """
    with database.looking() as cursor:
        cursor.execute(_BY_NUMBER, [consumer, number])
        row = cursor.fetchone()
    return None if row is None else Stamp(row[0], row[3], row[2])


def stamps_of(database: Database, cases: Collection[tuple[str, str]]) -> dict[tuple[str, str], Stamp]:
    """The same of many cases by consumer and id, in one statement; those that are not are left out."""
    with database.looking() as cursor:
        cursor.execute(_BY_ID, [[consumer for consumer, _ in cases], [case_id for _, case_id in cases]])
        rows = cursor.fetchall()
    return {(consumer, case_id): Stamp(case_id, text, settled) for case_id, consumer, settled, text in rows}
