"""Records of a file as rows of traits: the many clean values by SQL, the few others by the same code as at intake."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from hub.errors import Malformed
from hub.identity.bulk.frequent import silence
from hub.identity.bulk.opening import Source
from hub.identity.bulk.people import read_people
from hub.identity.modelfile import PLAIN, Model
from hub.identity.traits import Context, organisation_traits
from hub.kernel.regions import standard_regions

_ORGANISATION_INPUT: Final = (
    "record_id", "name", "credit_code", "organisation_code", "registration_number", "legal_representative",
    "region_code", "phone", "address",
)  # fmt: skip


def read_traits(source: Source, model: Model, today: date, region_names: Sequence[str] = ()) -> None:
    """Table ``traits`` of the records of the model's kind: ``n``, ``record_id`` and the model's columns.

    Raises:
        Malformed: the file has none of the columns by which subjects are told apart.
    """
    read_part(source, model, today, regions_told(source, model, region_names))
    if model.kind != PLAIN:
        silence(source.con, model)


def read_part(source: Source, model: Model, today: date, region_names: Sequence[str] = ()) -> None:
    """The same for a part of a file: which values too many share is for whoever sees all parts to say."""
    require_content(source, model)
    if model.kind == "resident":
        read_people(source, _listed(source, model), today)
    elif model.kind == "legal_person":
        _read_organisations(source, model, Context(today, tuple(region_names)))
    else:
        _read_plain(source, model)


def regions_told(source: Source, model: Model, told: Sequence[str]) -> tuple[str, ...]:
    """The regions that organisations may leave out of their names: those told, or else where those of the file lie."""
    if told or model.kind != "legal_person":
        return tuple(told)
    stated = (source.column("region_code"), f"substr(upper({source.column('credit_code')}), 3)")
    codes = " UNION ALL ".join(
        f"SELECT left({each}, 6) AS code FROM raw WHERE {source.of_kind(model.kind)}" for each in stated
    )
    rows = source.con.execute(
        f"SELECT code FROM ({codes}) WHERE regexp_full_match(code, '[0-9]{{6}}') GROUP BY code"
        f" ORDER BY count(*) DESC, code LIMIT {_MOST_REGIONS}"
    ).fetchall()
    return tuple(sorted({name for (code,) in rows for name in standard_regions().names_of(code)}))


_MOST_REGIONS: Final = 100

_TELLING: Final = {
    "resident": ("name", "id_number", "number"),
    "legal_person": ("name", "credit_code", "organisation_code", "registration_number"),
}


def require_content(source: Source, model: Model) -> None:
    """Raises Malformed where the file has none of the columns by which subjects are told apart."""
    wanted = _TELLING.get(model.kind, model.columns)
    if source.columns.keys().isdisjoint(wanted):
        raise Malformed(
            "identity.file-without-content",
            "The file has no column by which subjects could be told apart; see the facts for what is needed.",
            "文件中没有可用于区分主体的列；需要哪些列，见附带信息。",
            wanted=list(wanted),
            columns=sorted(source.columns.keys() - {"n"}),
        )


def _listed(source: Source, model: Model) -> str:
    lists = ", ".join(f"'{each}'" for each in sorted(model.one_list_exports)) or "''"
    column = source.column("source")
    return f"CASE WHEN {column} IN ({lists}) THEN {column} ELSE '' END"


def _read_organisations(source: Source, model: Model, context: Context) -> None:
    con, column = source.con, source.column
    listed = _listed(source, model)
    rows = con.execute(
        f"SELECT n, {listed}, {', '.join(column(name) for name in _ORGANISATION_INPUT)} FROM raw"
        f" WHERE {source.of_kind('legal_person')}"
    ).fetchall()
    found = []
    for number, listed_as, *values in rows:
        said: dict[str, Any] = dict(zip(_ORGANISATION_INPUT, values, strict=True))
        said["legal_representative"] = {"name": said["legal_representative"]}
        found.append((number, said["record_id"], *organisation_traits(said, context, listed=listed_as)))
    columns = ("n", "record_id", *model.columns)
    arrays = {
        name: np.array([row[at] for row in found], dtype=object if at else np.int64) for at, name in enumerate(columns)
    }
    con.register("incoming", arrays)
    texts = ", ".join(f"CAST({_quote(each)} AS VARCHAR) AS {_quote(each)}" for each in columns[1:])
    con.execute(f"CREATE OR REPLACE TABLE traits AS SELECT n, {texts} FROM incoming")
    con.unregister("incoming")
    con.execute("CREATE OR REPLACE TEMP VIEW called AS SELECT * FROM traits")


def _read_plain(source: Source, model: Model) -> None:
    """Columns that are compared as they stand, in capitals without spaces around."""
    columns = ", ".join(f"upper({source.column(each)}) AS {_quote(each)}" for each in model.columns)
    source.con.execute(
        f"CREATE OR REPLACE TABLE traits AS SELECT n, {source.column('record_id')} AS record_id, {columns} FROM raw"
    )
    source.con.execute("CREATE OR REPLACE TEMP VIEW called AS SELECT * FROM traits")


def _quote(name: str) -> str:
    return f'"{name}"'
