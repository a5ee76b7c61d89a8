"""Civil affairs 民政: the residents roster 居民花名册 and the social organisations ``SOM_ORGAN``, in SQL tables."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import Column, Connection, DateTime, MetaData, String, Table

from adapters.simulator.books import Book, SqlBook
from adapters.simulator.model import Household, Organisation, Person, Village
from adapters.simulator.pen import Clerk, Pen
from adapters.simulator.place import ABOLISHED_CODES, COUNTY, COUNTY_CODE
from adapters.simulator.truth import TruthBook, TruthPage

REGISTRY: Final = "civil_affairs"
ROSTER: Final = "居民花名册"
ROSTER_COLUMNS: Final = [
    "姓名",
    "性别",
    "民族",
    "出生日期",
    "证件类型",
    "证件号码",
    "户籍地址",
    "现住址",
    "行政区划",
    "联系电话",
    "婚姻状况",
    "与户主关系",
    "户主证件号码",
    "网格编码",
    "更新时间",
]
ORGANISATIONS: Final = "SOM_ORGAN"
ORGANISATION_COLUMNS: Final = [
    "sorgId",
    "sorgStatus",
    "sorgType",
    "ifBranch",
    "mainSorgId",
    "organCode",
    "sorgCode",
    "cnName",
    "abName",
    "sorgPhone",
    "sorgAdds",
    "business",
    "borgName",
    "actArea",
    "residence",
    "regMon",
    "buildDate",
    "regDate",
    "cancelReason",
    "cancelDate",
    "checkYear",
    "morgName",
    "morgArea",
    "legalPeople",
    "uscCode",
    "updateTime",
]

METADATA: Final = MetaData()
ROSTER_TABLE: Final = Table(
    ROSTER,
    METADATA,
    *(Column(name, String(255)) for name in ROSTER_COLUMNS[:-1]),
    Column(ROSTER_COLUMNS[-1], DateTime),
    mysql_charset="utf8mb4",
)
ORGANISATION_TABLE: Final = Table(
    ORGANISATIONS,
    METADATA,
    *(Column(name, String(255)) for name in ORGANISATION_COLUMNS[:-1]),
    Column(ORGANISATION_COLUMNS[-1], DateTime),
    mysql_charset="utf8mb4",
)

_DOCUMENTS: Final = {
    "111": "居民身份证",
    "414": "护照",
    "516": "港澳居民来往内地通行证",
    "551": "港澳居民居住证",
    "552": "台湾居民居住证",
}
_KINDS: Final = {"51": "社团", "52": "民非", "53": "基金会"}
_MARITAL: Final = {"10": "未婚", "20": "已婚", "30": "丧偶", "40": "离婚", "90": "未说明"}
_MARRIAGEABLE: Final = 20


class CivilAffairs:
    """Writes both tables, and the roster also as a file where one is wanted."""

    def __init__(self, connection: Connection, clerk: Clerk, truth: TruthBook, roster_file: Book | None = None) -> None:
        METADATA.create_all(connection)
        self._clerk = clerk
        self._roster, self._organisations = SqlBook(connection, ROSTER_TABLE), SqlBook(connection, ORGANISATION_TABLE)
        self._file = roster_file
        self.residents = truth.page(REGISTRY, "residents", ROSTER)
        self.organisations: TruthPage = truth.page(REGISTRY, "organisations", ORGANISATIONS)

    def write(self, village: Village) -> None:
        """Write a village's residents and social organisations."""
        marital = declared_marital_status(village)
        touched = _last_changes(village)
        for household in village.households:
            for person_id, relation in household.members:
                self._resident(village, household, village.people[person_id], relation, marital, touched)
        for organisation in village.organisations.values():
            if organisation.is_social:
                self._organisation(village, organisation, touched)

    def close(self) -> None:
        """Finish the tables and the file."""
        for book in (self._roster, self._organisations, self._file):
            if book:
                book.close()

    def _resident(  # noqa: PLR0913, PLR0917  # a roster line draws on all of these
        self,
        village: Village,
        household: Household,
        person: Person,
        relation: str,
        marital: dict[str, str],
        touched: dict[str, date],
    ) -> None:
        head = village.people[household.head]
        others = [village.people[one] for one, _ in household.members if one != person.id]

        status = marital.get(person.id, "10") if person.age_on(village.on) > _MARRIAGEABLE else "10"

        def write(pen: Pen) -> dict[str, Any] | None:
            if not _is_in_roster(village, person.id) and not pen.strikes("meaning_dead_in_roster"):
                return None
            return _roster_row(pen, person, household, head, (relation, status, others))

        row, dirt = self._clerk.write(f"roster|{person.id}", (person.id,), write)
        if row is None:
            return
        row["更新时间"] = datetime.combine(touched.get(person.id, _filled_in_on(person, village.on)), time(9, 30))
        for _ in range(2 if "record_duplicate" in dirt else 1):
            self._roster.add(row)
            if self._file:
                self._file.add(row)
            key = (row["证件号码"], row["姓名"], row["出生日期"])
            self.residents.row(key, [("self", person.id)], dirt)

    def _organisation(self, village: Village, organisation: Organisation, touched: dict[str, date]) -> None:
        representative = village.people[organisation.representative]
        row, dirt = self._clerk.write(
            f"organisation|{organisation.id}",
            (organisation.id,),
            lambda pen: _organisation_row(pen, village, organisation, representative),
        )
        row["updateTime"] = datetime.combine(touched.get(organisation.id, organisation.founded), time(15, 0))
        self._organisations.add(row)
        roles = [("self", organisation.id), ("legal_representative", representative.id)]
        self.organisations.row((row["sorgId"],), roles, dirt)


def declared_marital_status(village: Village) -> dict[str, str]:
    """What people declared themselves (GB/T 2261.2): true when declared."""
    status: dict[str, str] = {}
    for event in sorted(village.marriages, key=lambda one: one.on):
        for person, spouse in ((event.man, event.woman), (event.woman, event.man)):
            if event.kind == "IA":
                status[person] = "20" if village.is_alive(spouse) else "30"
            elif event.kind == "IB":
                status[person] = "40"
    return status


def _roster_row(
    pen: Pen, person: Person, household: Household, head: Person, rest: tuple[str, str, Iterable[Person]]
) -> dict[str, Any]:
    relation, marital, others = rest
    if pen.strikes("meaning_marital_outdated"):
        marital = "90"
    pen.strikes("record_duplicate")
    return {
        "姓名": pen.name(person),
        "性别": pen.sex(person.sex),
        "民族": pen.ethnicity(person.ethnicity),
        "出生日期": pen.birth_date(person),
        "证件类型": _DOCUMENTS[person.document_kind],
        "证件号码": pen.number(person, other=next(iter(others), None)),
        "户籍地址": household.address,
        "现住址": household.address,
        "行政区划": pen.region(COUNTY_CODE, ABOLISHED_CODES),
        "联系电话": person.phone,
        "婚姻状况": _MARITAL[marital],
        "与户主关系": relation,
        "户主证件号码": head.number,
        "网格编码": household.grid,
    }


def _organisation_row(pen: Pen, village: Village, organisation: Organisation, representative: Person) -> dict[str, Any]:
    code = organisation.organisation_code
    code_only = pen.strikes("organisation_code_only")
    ended = pen.date(organisation.ended_on) if organisation.ended_on else pen.open_date()
    name = "" if pen.strikes("record_required_missing") else pen.organisation_name(organisation)
    return {
        "sorgId": organisation.id.removeprefix("organisation:").replace("-", ""),
        "sorgStatus": organisation.status,
        "sorgType": _KINDS[organisation.kind],
        "ifBranch": "1" if organisation.branch_of else "0",
        "mainSorgId": organisation.branch_of.removeprefix("organisation:").replace("-", ""),
        "organCode": f"{code[:8]}-{code[8]}",
        "sorgCode": organisation.registration_number,
        "cnName": name,
        "abName": organisation.name.removeprefix(COUNTY),
        "sorgPhone": organisation.phone,
        "sorgAdds": organisation.address,
        "business": organisation.scope,
        "borgName": organisation.supervisor,
        "actArea": COUNTY,
        "residence": organisation.address,
        "regMon": pen.wan(organisation.capital_fen),
        "buildDate": pen.date(organisation.founded),
        "regDate": pen.date(organisation.founded),
        "cancelReason": "自行解散" if organisation.ended_on else "",
        "cancelDate": ended,
        "checkYear": str(village.on.year - 1),
        "morgName": f"{COUNTY}民政局",
        "morgArea": COUNTY_CODE,
        "legalPeople": pen.name(representative, required=False),
        "uscCode": "" if code_only else pen.credit_code(organisation),
    }


def _is_in_roster(village: Village, person: str) -> bool:
    """The police cancellation takes somebody out; who is dead for the funeral house alone is still in."""
    return village.is_alive(person) or not village.deaths[person].in_police


def _last_changes(village: Village) -> dict[str, date]:
    return {subject: change.on for change in village.changes for subject in change.subjects}


def _filled_in_on(person: Person, on: date) -> date:
    """A day in the two years before, the same for ever."""
    return date.fromordinal(on.toordinal() - int(person.id[-4:]) % 700)
