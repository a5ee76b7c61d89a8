"""One statement that says whether anything a checklist looks at has changed, without reading it."""

from dataclasses import dataclass
from typing import Final

from hub.storage.database import Database

# Row versions (xmin) change with every update, so their digests tell a change of any column, sums a row come or gone.
_STAMP: Final = """
WITH c AS MATERIALIZED (SELECT case_id, consumer, xmin FROM case_file WHERE consumer = %s AND {key} = %s)
SELECT c.case_id, coalesce(p.is_settled, false), concat_ws('|', c.xmin, p.people,
    (SELECT concat_ws(',', count(*), sum(hashtextextended(l.evidence_id, l.xmin::text::bigint)),
        sum(hashtextextended(e.evidence_id, e.xmin::text::bigint)))
     FROM evidence_link l CROSS JOIN LATERAL (
        SELECT evidence_id, xmin FROM evidence WHERE evidence_id = l.evidence_id OFFSET 0) e
     WHERE l.subject_id = ANY (p.who)),
    (SELECT sum(hashtextextended(b.material_id, b.xmin::text::bigint))
     FROM brought_material b WHERE b.subject_id = ANY (p.who)),
    (SELECT sum(hashtextextended(g.id, g.xmin::text::bigint)) FROM sharing_grant g WHERE g.consumer = c.consumer),
    (SELECT sum(hashtextextended(m.material, m.xmin::text::bigint)) FROM case_material m WHERE m.case_id = c.case_id),
    (SELECT sum(hashtextextended(o.owed_id, o.xmin::text::bigint))
     FROM sharing_owed o WHERE o.subject_id = ANY (p.who)),
    (SELECT sum(hashtextextended(k.case_id || k.material, k.xmin::text::bigint))
     FROM commitment k WHERE k.subject_id = ANY (p.who)))
FROM c, LATERAL (
    SELECT bool_and(p.subject_id IS NOT NULL AND s.merged_into IS NULL) AS is_settled,
        array_agg(DISTINCT p.subject_id) AS who,
        sum(hashtextextended(concat_ws(',', p.role, p.position, p.subject_id, p.outcome, p.xmin), 0)) AS people
    FROM case_participant p LEFT JOIN identity_subject s ON s.subject_id = p.subject_id
    WHERE p.case_id = c.case_id) p
"""
_BY_NUMBER: Final = _STAMP.format(key="number")
_BY_ID: Final = _STAMP.format(key="case_id")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a case's checklist rests on, as one text; ``is_settled`` when every participant is a subject that stands."""

    case_id: str
    text: str
    is_settled: bool


def stamp_of(database: Database, consumer: str, number: str = "", *, case_id: str = "") -> Stamp | None:
    """The stamp of the consumer's case of that number, or of that id; None when there is none.

    One statement is its own snapshot, so it takes no transaction around it.
    """
    with database.looking() as cursor:
        cursor.execute(_BY_ID if case_id else _BY_NUMBER, [consumer, case_id or number])
        row = cursor.fetchone()
    return None if row is None else Stamp(row[0], row[2], row[1])
