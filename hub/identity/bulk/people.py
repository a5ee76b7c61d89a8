"""People 自然人 of a file as rows of traits: clean cells by SQL in one pass, the few others by the code of intake."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from hub.errors import HubError
from hub.identity.bulk.numbers import (
    IN_DIGITS,
    NUMBER,
    NUMBER_COLUMNS,
    NUMBER_PARTS,
    STATE,
    STATED_DAY,
    number_row,
    read_number_parts,
)
from hub.identity.bulk.opening import Source
from hub.identity.bulk.tables import Connection, text_table
from hub.identity.compare import LIST_MARK
from hub.identity.traits import PERSON_COLUMNS, REGION, address_key, person_name, phone_key, relatives
from hub.kernel.dates import parse_date
from hub.kernel.names import name_key, normal_person_name, pinyin_key


def read_people(source: Source, listed: str, today: date) -> None:
    """Table ``traits`` and view ``called`` of the residents in the file; ``listed``: the mark of a one-person list."""
    con, cell, column = source.con, source.cell, source.column
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW said AS SELECT n, {column('record_id')} AS record_id, {cell('name')} AS name,"
        f" upper({cell('id_number', 'number')}) AS number, {cell('birth_date')} AS birth, {column('sex')} AS sex,"
        f" {_region(column('region_code'))} AS region, {cell('phone')} AS phone, {cell('address')} AS address,"
        f" {column('kin', 'head_number')} AS kin, {column('former_names')} AS former, {listed} AS list"
        f" FROM raw WHERE {source.of_kind('resident')}"
    )
    _read_characters(con)
    read_number_parts(con)
    for table, field, condition, made, columns in _SLOW:
        _map(con, table, _distinct(con, field, condition), made, columns)
    wanted = ", ".join(f'"{each}"' for each in PERSON_COLUMNS)
    con.execute(_PEOPLE.replace("@today@", today.isoformat()).replace("@columns@", wanted))
    con.execute("DROP VIEW said")
    _read_former_names(con)


def _region(column: str) -> str:
    """What the column tells of the region, as at intake."""
    return f"CASE WHEN regexp_full_match(left({column}, 6), '{REGION}') THEN left({column}, 6) ELSE '' END"


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
    plain = f"SELECT name FROM said WHERE {_IS_PLAIN_NAME}"
    found = con.execute(f"SELECT DISTINCT unnest(string_split(name, '')) FROM ({plain})").fetchall()
    rows = [(row[0], key := name_key(row[0]), pinyin_key(key)) for row in found]
    text_table(con, "characters", ("raw", "key", "sound"), rows)
    con.execute(f"CREATE OR REPLACE TEMP TABLE characters AS SELECT *, {_digest('sound')} AS digest FROM characters")


def _digest(sound: str) -> str:
    """A number for a syllable; the sum over a name is the same in whatever order its characters stand."""
    return f"CAST(hash({sound}) >> 8 AS BIGINT)"


def _summed(sound: str) -> str:
    """The sum for a name's syllables; nothing for no name."""
    digests = f"list_transform(string_split({sound}, ' '), lambda x: {_digest('x')})"
    return f"CASE WHEN coalesce({sound}, '') = '' THEN '' ELSE CAST(list_sum({digests}) AS VARCHAR) END"


_IS_PLAIN_NAME: Final = (
    r"regexp_full_match(name, '[\x{3400}-\x{9fff}]{2,4}') AND NOT regexp_matches(name, '[名用详未待暂某之婴新]')"
)
_PLAIN_ADDRESS: Final = r"[0-9A-Z\-\x{4e00}-\x{9fff}]+"
_DIVISIONS: Final = r"^(?:.{2,8}?(?:省|自治区))?(?:.{2,8}?(?:市|自治州|地区|盟))?(?:.{1,8}?(?:自治县|区|县|旗|市))?"
_LOCAL: Final = (
    f"CASE WHEN length(address) > 6 AND regexp_matches(address, '[省市区县旗州盟]') THEN"
    f" coalesce(nullif(regexp_replace(address, '{_DIVISIONS}', ''), ''), address) ELSE address END"
)


def _with_dashes(address: str, *parts: str) -> str:
    """The address with a dash for each of these parts of a house."""
    for part in parts:
        address = f"replace({address}, '{part}', '-')"
    return address


_DASHED: Final = (
    f"CASE WHEN regexp_matches(local, '单元|[幢栋座层楼]') THEN"
    f" {_with_dashes('local', '单元', '幢', '栋', '座', '室', '号', '层', '楼')}"
    f" ELSE {_with_dashes('local', '号', '室')} END"
)
_PLAIN_PHONE: Final = "1[3-9][0-9]{9}"
_FILLER_PHONE: Final = "|".join(f"[1{digit}]+" for digit in range(3, 10))
_PARTS: Final = ("c1", "c2", "c3", "c4")
_PLAIN_KEY: Final = " || ".join(f"coalesce({part}.key, '')" for part in _PARTS)
_DIGESTS: Final = " + ".join(f"coalesce({part}.digest, 0)" for part in _PARTS)
_CHARACTERS: Final = " ".join(
    f"LEFT JOIN characters {part} ON {part}.raw = s.name[{place}]" for place, part in enumerate(_PARTS, 1)
)
_SEXES: Final = (
    r"CASE WHEN s.sex IN ('1', '2') THEN s.sex WHEN regexp_full_match(upper(s.sex), '0?1(\.0)?|１|男性?|M|MALE')"
    r" THEN '1' WHEN regexp_full_match(upper(s.sex), '0?2(\.0)?|２|女性?|F|FEMALE') THEN '2' ELSE '' END"
)

_PEOPLE: Final = (
    f"CREATE OR REPLACE TABLE traits AS WITH s AS (SELECT *, {_IS_PLAIN_NAME} AS plain_name, {NUMBER_COLUMNS},"
    f" {_LOCAL} AS local FROM said),"
    f" a AS (SELECT s.n, s.record_id, CASE WHEN s.plain_name THEN {_PLAIN_KEY} ELSE coalesce(w.key, '') END AS name,"
    " concat_ws('|', nullif(w.former, ''), nullif(e.key, '')) AS former,"
    f" CASE WHEN s.plain_name THEN concat_ws(' ', {', '.join(f'{part}.sound' for part in _PARTS)})"
    " ELSE coalesce(w.sound, '') END AS sound,"
    f" CASE WHEN s.plain_name THEN CAST({_DIGESTS} AS VARCHAR) ELSE {_summed('w.sound')} END AS sorted_sound,"
    f" coalesce(b.key, s.birth) AS birth0, {_SEXES} AS sex0, {NUMBER} AS number, {STATE} AS number_state,"
    f" {STATED_DAY} AS stated, coalesce(p.key, s.phone) AS phone, s.region,"
    f" CASE WHEN d.key IS NOT NULL THEN d.key ELSE {_DASHED} END AS dashed,"
    " coalesce(k.key, s.kin) AS kin, s.list"
    f" FROM s {_CHARACTERS} LEFT JOIN names w ON w.raw = s.name {NUMBER_PARTS}"
    " LEFT JOIN numbers i ON i.raw = s.number LEFT JOIN births b ON b.raw = s.birth"
    " LEFT JOIN phones p ON p.raw = s.phone LEFT JOIN addresses d ON d.raw = s.address"
    " LEFT JOIN kins k ON k.raw = s.kin LEFT JOIN earlier e ON e.raw = s.former),"
    " c AS (SELECT *, CASE WHEN birth0 BETWEEN '1850-01-01' AND '@today@' THEN birth0 ELSE '' END AS birth,"
    " trim(CASE WHEN contains(dashed, '--') THEN regexp_replace(dashed, '-+', '-', 'g') ELSE dashed END, '-')"
    " AS address FROM a),"
    " e AS (SELECT *, CASE WHEN stated = '' OR stated > '@today@' OR stated = birth THEN birth WHEN birth = ''"
    " THEN stated ELSE birth || '|' || stated END AS born,"
    " CASE WHEN sex0 <> '' THEN sex0 WHEN length(number) = 18 AND"
    " number_state IN ('vresident_id', 'vresidence_permit', 'vforeign_permanent')"
    " THEN CASE WHEN CAST(number[17] AS INT) % 2 = 1 THEN '1' ELSE '2' END ELSE '' END AS sex FROM c)"
    " SELECT n, record_id, sorted_sound, @columns@ FROM e"
)


def _distinct(con: Connection, column: str, condition: str) -> list[str]:
    query = f"SELECT DISTINCT {column} FROM said WHERE {condition}"
    return [str(value) for value in con.execute(query).fetchnumpy()[column].tolist()]


def _map(
    con: Connection, table: str, values: Iterable[str], made: Callable[[str], tuple[str, ...]], columns: tuple[str, ...]
) -> None:
    """Temporary ``table`` from ``raw`` to what ``made`` gives for each value."""
    text_table(con, table, ("raw", *columns), [(value, *made(value)) for value in values])


def _name(text: str) -> tuple[str, str, str]:
    read = normal_person_name(text)
    key = person_name(read.name)
    former = LIST_MARK.join(filter(None, map(person_name, read.former)))
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


def _kin(text: str) -> tuple[str]:
    return (relatives(_OTHER.split(text)),)


def _earlier(text: str) -> tuple[str]:
    """Earlier names in a column of their own."""
    read = (normal_person_name(each) for each in _OTHER.split(text))
    names = (person_name(name) for each in read for name in (each.name, *each.former))
    return (LIST_MARK.join(dict.fromkeys(filter(None, names))),)


_OTHER: Final = re.compile(r"[|/、,，;；]")
_KEY: Final = ("key",)
_SLOW: Final[tuple[tuple[str, str, str, Callable[[str], tuple[str, ...]], tuple[str, ...]], ...]] = (
    ("names", "name", f"name <> '' AND NOT ({_IS_PLAIN_NAME})", _name, ("key", "former", "sound")),
    ("earlier", "former", "former <> ''", _earlier, _KEY),
    ("kins", "kin", "kin <> ''", _kin, _KEY),
    ("numbers", "number", f"number <> '' AND NOT ({IN_DIGITS})", number_row, ("number", "state", "born")),
    (
        "births",
        "birth",
        (
            "try_cast(birth AS DATE) IS NULL OR birth = '1900-01-01' OR length(birth) <> 10"
            " OR birth[5] <> '-' OR birth[8] <> '-'"
        ),
        _day,
        _KEY,
    ),
    (
        "phones",
        "phone",
        (
            f"phone <> '' AND (NOT regexp_full_match(phone, '{_PLAIN_PHONE}')"
            f" OR regexp_full_match(phone, '{_FILLER_PHONE}'))"
        ),
        _phone,
        _KEY,
    ),
    (
        "addresses",
        "address",
        f"address <> '' AND NOT regexp_full_match(address, '{_PLAIN_ADDRESS}')",
        _address,
        _KEY,
    ),
)
"""What SQL leaves to the code of intake: the table to make, from which values, and how."""
