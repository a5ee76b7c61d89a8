"""Records of a file as rows of traits: the many clean values by SQL, the few others by the same code as at intake."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from hub.errors import HubError, Malformed
from hub.identity.bulk.frequent import silence
from hub.identity.bulk.numbers import CHECKED, NUMBER_PARTS, PLAIN_NUMBER, number_row, read_number_parts
from hub.identity.bulk.opening import Connection, Source
from hub.identity.bulk.tables import text_table
from hub.identity.compare import LIST_MARK
from hub.identity.modelfile import PLAIN, Model
from hub.identity.traits import (
    PERSON_COLUMNS,
    Context,
    address_key,
    organisation_traits,
    phone_key,
)
from hub.kernel.dates import parse_date
from hub.kernel.names import name_key, normal_person_name, pinyin_key

_ORGANISATION_INPUT: Final = (
    "record_id", "name", "credit_code", "organisation_code", "registration_number", "legal_representative",
    "region_code", "phone", "address",
)  # fmt: skip

_SEXES: Final = (
    "CASE WHEN upper(sex) IN ('1', '01', '男', '男性', 'M', 'MALE') THEN '1'"
    " WHEN upper(sex) IN ('2', '02', '女', '女性', 'F', 'FEMALE') THEN '2' ELSE '' END"
)


def read_traits(source: Source, model: Model, today: date, region_names: Sequence[str] = ()) -> None:
    """Table ``traits`` of the records of the model's kind: ``n``, ``record_id`` and the model's columns.

    Raises:
        Malformed: the file has none of the columns by which subjects are told apart.
    """
    read_part(source, model, today, region_names)
    if model.kind != PLAIN:
        silence(source.con, model)


def read_part(source: Source, model: Model, today: date, region_names: Sequence[str] = ()) -> None:
    """The same for a part of a file: which values too many share is for whoever sees all parts to say."""
    require_content(source, model)
    if model.kind == "resident":
        _read_people(source, model, Context(today))
    elif model.kind == "legal_person":
        _read_organisations(source, model, Context(today, tuple(region_names)))
    else:
        _read_plain(source, model)


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
            "文件中没有可用于识别主体的列。",
            wanted=list(wanted),
            columns=sorted(source.columns.keys() - {"n"}),
        )


def _listed(source: Source, model: Model) -> str:
    lists = ", ".join(f"'{each}'" for each in sorted(model.one_list_exports)) or "''"
    column = source.column("source")
    return f"CASE WHEN {column} IN ({lists}) THEN {column} ELSE '' END"


def _read_people(source: Source, model: Model, context: Context) -> None:
    con, column = source.con, source.column
    con.execute(
        "CREATE OR REPLACE TEMP TABLE said AS SELECT *,"
        f" regexp_full_match(name, '{_PLAIN_NAME}') AND NOT regexp_matches(name, '{_SPECIAL_NAME}') AS plain_name"
        f" FROM (SELECT n, {column('record_id')} AS record_id,"
        f" {column('name')} AS name, upper({column('id_number', 'number')}) AS number,"
        f" {column('birth_date')} AS birth, {column('sex')} AS sex, left({column('region_code')}, 6) AS region,"
        f" {column('phone')} AS phone, upper({column('address')}) AS address, {column('kin', 'head_number')} AS kin,"
        f" {column('former_names')} AS former, {_listed(source, model)} AS list"
        f" FROM raw WHERE {source.of_kind('resident')})"
    )
    _read_characters(con)
    read_number_parts(con)
    for table, field, condition, made, columns in _SLOW:
        _map(con, table, _distinct(con, field, condition), made, columns)
    wanted = ", ".join(map(_quote, PERSON_COLUMNS))
    con.execute(_PEOPLE.replace("@today@", context.today.isoformat()).replace("@columns@", wanted))
    con.execute("DROP TABLE said")
    _read_former_names(con)


def _read_former_names(con: Connection) -> None:
    """View ``called``: the traits once for every name that a record states, as keys need it."""
    rows = con.execute("SELECT n, unnest(string_split(former, '|')) FROM traits WHERE former <> ''").fetchall()
    text_table(con, "formers", ("n", "name", "sound"), [(str(n), name, pinyin_key(name)) for n, name in rows])
    con.execute(
        "CREATE OR REPLACE TEMP VIEW called AS SELECT * FROM traits UNION ALL SELECT t.* REPLACE (f.name AS name,"
        f" {_summed('f.sound')} AS sorted_sound) FROM traits t JOIN formers f ON CAST(f.n AS BIGINT) = t.n"
    )


def _read_characters(con: Connection) -> None:
    """Table ``characters``: what each character of a plain name is in keys, how it is read, and a digest of that."""
    found = con.execute("SELECT DISTINCT unnest(string_split(name, '')) FROM said WHERE plain_name").fetchall()
    rows = [(row[0], key := name_key(row[0]), pinyin_key(key)) for row in found]
    text_table(con, "characters", ("raw", "key", "sound"), rows)
    con.execute(f"CREATE OR REPLACE TEMP TABLE characters AS SELECT *, {_digest('sound')} AS digest FROM characters")


def _digest(sound: str) -> str:
    """A number for a syllable; the sum over a name is the same in whatever order its characters stand."""
    return f"CAST(hash({sound}) >> 8 AS HUGEINT)"


def _summed(sound: str) -> str:
    """The sum for a name's syllables; nothing for no name."""
    digests = f"list_transform(string_split({sound}, ' '), lambda x: {_digest('x')})"
    return f"CASE WHEN coalesce({sound}, '') = '' THEN '' ELSE CAST(list_sum({digests}) AS VARCHAR) END"


_PLAIN_NAME: Final = r"[\x{3400}-\x{9fff}]{2,4}"
_SPECIAL_NAME: Final = (
    "曾用|原名|又名|别名|曾名|小名|化名|俗名|无名|不详|未知|佚名|待查|暂无|未命名|未填|没有|未办理|无证|保密"
)
_PLAIN_ADDRESS: Final = r"[0-9A-Z\-\x{4e00}-\x{9fff}]+"
_DIVISIONS: Final = r"^(?:.{2,8}?(?:省|自治区))?(?:.{2,8}?(?:市|自治州|地区|盟))?(?:.{1,8}?(?:自治县|区|县|旗|市))?"
_HOUSE_PARTS: Final = ("单元", "幢", "栋", "座", "室", "号", "层", "楼", "#")
_LOCAL: Final = (
    f"CASE WHEN length(s.address) > 6 AND regexp_matches(s.address, '[省市区县旗州盟]') THEN"
    f" coalesce(nullif(regexp_replace(s.address, '{_DIVISIONS}', ''), ''), s.address) ELSE s.address END"
)


def _dashed(address: str) -> str:
    """The address with dashes for what stands between its parts."""
    for part in _HOUSE_PARTS:
        address = f"replace({address}, '{part}', '-')"
    return f"replace(replace({address}, '--', '-'), '--', '-')"


_FILLER: Final = (
    "replace(replace(s.phone, s.phone[1], ''), replace(s.phone, s.phone[1], '')[1], '') = ''"  # two digits or fewer
)
_PARTS: Final = ("c1", "c2", "c3", "c4")
_PLAIN_KEY: Final = " || ".join(f"coalesce({part}.key, '')" for part in _PARTS)
_DIGESTS: Final = " + ".join(f"coalesce({part}.digest, 0)" for part in _PARTS)
_CHARACTERS: Final = " ".join(
    f"LEFT JOIN characters {part} ON s.plain_name AND {part}.raw = s.name[{place}]"
    for place, part in enumerate(_PARTS, 1)
)

_PEOPLE: Final = (
    "CREATE OR REPLACE TABLE traits AS WITH a AS (SELECT s.n, s.record_id,"
    f" CASE WHEN s.plain_name THEN {_PLAIN_KEY} ELSE coalesce(w.key, '') END AS name,"
    " CASE WHEN s.plain_name OR coalesce(w.former, '') = '' THEN s.former WHEN s.former = '' THEN w.former"
    " ELSE w.former || '|' || s.former END AS former,"
    f" CASE WHEN s.plain_name THEN concat_ws(' ', {', '.join(f'{part}.sound' for part in _PARTS)})"
    " ELSE coalesce(w.sound, '') END AS sound,"
    f" CASE WHEN s.plain_name THEN CAST({_DIGESTS} AS VARCHAR) ELSE {_summed('w.sound')} END AS sorted_sound,"
    f" coalesce(b.key, s.birth) AS birth0, {_SEXES.replace('sex', 's.sex')} AS sex0,"
    f" CASE WHEN {PLAIN_NUMBER} THEN s.number ELSE coalesce(i.number, '') END AS number,"
    f" CASE WHEN {PLAIN_NUMBER} THEN CASE WHEN '10X98765432'[({CHECKED}) % 11 + 1] = s.number[18]"
    " THEN 'vresident_id' ELSE 'iresident_id' END ELSE coalesce(i.state, '') END AS number_state,"
    f" CASE WHEN {PLAIN_NUMBER} THEN number_days.day ELSE coalesce(i.born, '') END AS stated,"
    f" CASE WHEN p.key IS NOT NULL THEN p.key WHEN s.phone = '' OR {_FILLER} THEN '' ELSE s.phone END AS phone,"
    f" s.region, CASE WHEN d.key IS NOT NULL THEN d.key ELSE {_dashed(_LOCAL)} END AS dashed, s.kin, s.list"
    f" FROM said s {_CHARACTERS} LEFT JOIN names w ON w.raw = s.name {NUMBER_PARTS}"
    " LEFT JOIN numbers i ON i.raw = s.number LEFT JOIN births b ON b.raw = s.birth"
    " LEFT JOIN phones p ON p.raw = s.phone LEFT JOIN addresses d ON d.raw = s.address),"
    " c AS (SELECT *, CASE WHEN birth0 BETWEEN '1850-01-01' AND '@today@' THEN birth0 ELSE '' END AS birth,"
    " trim(CASE WHEN contains(dashed, '--') THEN regexp_replace(dashed, '-+', '-', 'g') ELSE dashed END, '-')"
    " AS address FROM a),"
    " e AS (SELECT *, CASE WHEN stated = '' OR stated > '@today@' OR stated = birth THEN birth WHEN birth = ''"
    " THEN stated ELSE birth || '|' || stated END AS born,"
    " CASE WHEN sex0 <> '' THEN sex0 WHEN number_state IN ('vresident_id', 'vresidence_permit') AND length(number) = 18"
    " THEN CASE WHEN CAST(number[17] AS INT) % 2 = 1 THEN '1' ELSE '2' END ELSE '' END AS sex FROM c)"
    " SELECT n, record_id, sorted_sound, @columns@ FROM e"
)


def _distinct(con: Connection, column: str, condition: str = "true") -> list[str]:
    parts = NUMBER_PARTS if column == "number" else ""
    query = f"SELECT DISTINCT {column} FROM said s {parts} WHERE {condition}"
    return [str(value) for value in con.execute(query).fetchnumpy()[column].tolist()]


def _map(
    con: Connection, table: str, values: Iterable[str], made: Callable[[str], tuple[str, ...]], columns: tuple[str, ...]
) -> None:
    """Temporary ``table`` from ``raw`` to what ``made`` gives for each value."""
    text_table(con, table, ("raw", *columns), [(value, *made(value)) for value in values])


def _name(text: str) -> tuple[str, str, str]:
    read = normal_person_name(text)
    key = name_key(read.name)[:100]
    former = LIST_MARK.join(name_key(each)[:100] for each in read.former)
    return key, former, pinyin_key(key) if key else ""


def _day(text: str) -> tuple[str]:
    try:
        day = parse_date(text)
    except HubError:
        return ("",)
    return (day.isoformat() if isinstance(day, date) else "",)


def _phone(text: str) -> tuple[str]:
    return (phone_key(text),)


def _address(text: str) -> tuple[str]:
    return (address_key(text),)


_KEY: Final = ("key",)
_SLOW: Final[tuple[tuple[str, str, str, Callable[[str], tuple[str, ...]], tuple[str, ...]], ...]] = (
    ("names", "name", "NOT plain_name", _name, ("key", "former", "sound")),
    (
        "numbers",
        "number",
        f"s.number <> '' AND NOT ({PLAIN_NUMBER})",
        number_row,
        ("number", "state", "born"),
    ),
    (
        "births",
        "birth",
        (
            "try_cast(birth AS DATE) IS NULL OR birth = '1900-01-01' OR length(birth) <> 10"
            " OR birth[5] <> '-' OR birth[8] <> '-'"
        ),
        _day,
        ("key",),
    ),
    ("phones", "phone", "phone <> '' AND NOT regexp_full_match(phone, '1[3-9][0-9]{9}')", _phone, _KEY),
    (
        "addresses",
        "address",
        f"address <> '' AND NOT regexp_full_match(address, '{_PLAIN_ADDRESS}')",
        _address,
        ("key",),
    ),
)
"""What SQL leaves to the code of intake: the table to make, from which values, and how."""


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
