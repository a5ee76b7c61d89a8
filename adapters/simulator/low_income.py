"""Low-income aid 低保: a workbook a month with merged title row, unit row, one or two header rows and a total 合计."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from adapters.simulator.lexicon import TOWNS
from adapters.simulator.model import Aid, Household, Person, Village
from adapters.simulator.pen import Clerk, Pen
from adapters.simulator.place import COUNTY
from adapters.simulator.truth import TruthBook

REGISTRY: Final = "low_income"
COLUMNS: Final = [
    "序号",
    "地区",
    "户主姓名",
    "身份证号",
    "低保证号",
    "起始保障年月",
    "保障类别",
    "保障人数",
    "重点保障人数",
    "残疾人数",
    "家庭补差(元)",
    "分类施保金(元)",
    "开户银行",
    "账户名称",
    "银行账号",
    "家庭成员",
    "居住地址",
    "备注",
]
_UPPER_HEADER: Final = {"户主姓名": "户主", "身份证号": "户主", "保障人数": "保障对象", "重点保障人数": "保障对象"} | {
    "残疾人数": "保障对象",
    "家庭补差(元)": "保障金额",
    "分类施保金(元)": "保障金额",
    "开户银行": "发放账户",
    "账户名称": "发放账户",
    "银行账号": "发放账户",
}
_RELATIONS: Final = {"02": "户主", "10": "配偶", "20": "子", "30": "女", "40": "孙子女", "42": "孙女", "50": "父母"}
_PACKINGS: Final = (("/", "、"), ("/", "；"), ("/", "\n"), ("/", "，"), (" ", "/"), (" ", "、"), (" ", "\n"))
_GROWN_UP: Final = 18
_OLD: Final = 70


class LowIncome:
    """One month's workbook; ``two_header_rows`` as some counties print it."""

    def __init__(
        self, folder: Path, month: date, tools: tuple[Clerk, TruthBook], *, two_header_rows: bool = False
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.month = month.replace(day=1)
        self.path = folder / f"低保发放名册-{month:%Y-%m}.xlsx"
        self._clerk, truth = tools
        self.page = truth.page(REGISTRY, "households", self.path.name)
        self._workbook = Workbook()
        self._sheet: Worksheet = self._workbook.active  # type: ignore[assignment]  # a new workbook has one
        self._sheet.title = "发放名册"
        self._totals = [0, 0, 0]
        _head(self._sheet, self.month, two_header_rows=two_header_rows)

    def write(self, village: Village) -> None:
        """Write a village's households on aid in this month."""
        for household in village.households:
            aid = household.aid
            if aid and aid.since <= self.month and (aid.until is None or self.month < aid.until):
                self._household(village, household, aid)

    def close(self) -> None:
        """Write the total row and save."""
        persons, top_up, extra = self._totals
        total: dict[str, Any] = dict.fromkeys(COLUMNS)
        total.update({"序号": "合计", "保障人数": persons, "家庭补差(元)": top_up / 100, "分类施保金(元)": extra / 100})
        self._sheet.append([total[column] for column in COLUMNS])
        self._workbook.save(self.path)

    def _household(self, village: Village, household: Household, aid: Aid) -> None:
        people = [(village.people[one], relation) for one, relation in household.members]
        dead = {one.id for one, _ in people if _was_dead(village, one, self.month)}

        def write(pen: Pen) -> tuple[dict[str, Any], Person, list[Person]] | None:
            kept = people
            if dead and not pen.strikes("meaning_aid_to_the_dead"):
                kept = [(one, relation) for one, relation in people if one.id not in dead]
            if not kept:
                return None
            packed = kept if pen.rng.random() < 0.4 else kept[1:]
            row = _row(pen, household, aid, (kept, packed, village.index))
            return row, kept[0][0], [one for one, _ in packed]

        subjects = tuple(one.id for one, _ in people)
        made, dirt = self._clerk.write(f"aid|{aid.certificate}", subjects, write)
        if made is None:
            return
        row, head, members = made
        row["序号"] = self.page.rows + 1
        self._sheet.append([row[column] for column in COLUMNS])
        self._totals = [
            self._totals[0] + row["保障人数"],
            self._totals[1] + aid.top_up_fen,
            self._totals[2] + aid.extra_fen,
        ]
        roles = [("head", head.id)] + [(f"member.{place}", one.id) for place, one in enumerate(members, 1)]
        self.page.row((f"{self.month:%Y-%m}", row["低保证号"], row["身份证号"]), list(roles), dirt)


def last_months(on: date, count: int) -> list[date]:
    """The first days of the ``count`` months up to the one of ``on``, earliest first."""
    months = [on.replace(day=1)]
    while len(months) < count:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    return months


def _head(sheet: Worksheet, month: date, *, two_header_rows: bool) -> None:
    width = len(COLUMNS)
    sheet.append([f"{COUNTY}{month.year}年{month.month}月最低生活保障金发放名册"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)
    sheet.cell(1, 1).alignment = Alignment(horizontal="center")
    sheet.append([f"填报单位：{COUNTY}民政局", *[None] * (width - 2), "单位：元"])
    if not two_header_rows:
        sheet.append(list(COLUMNS))
        return
    upper = [_UPPER_HEADER.get(column, column) for column in COLUMNS]
    sheet.append([one if place == 0 or upper[place - 1] != one else None for place, one in enumerate(upper)])
    sheet.append([column if column in _UPPER_HEADER else None for column in COLUMNS])
    start = 0
    for place in range(1, width + 1):
        if place < width and upper[place] == upper[start]:
            continue
        if COLUMNS[start] in _UPPER_HEADER:
            sheet.merge_cells(start_row=3, start_column=start + 1, end_row=3, end_column=place)
        else:
            sheet.merge_cells(start_row=3, start_column=start + 1, end_row=4, end_column=start + 1)
        start = place


def _was_dead(village: Village, person: Person, month: date) -> bool:
    return not village.is_alive(person.id) and village.deaths[person.id].on < month


def _row(
    pen: Pen, household: Household, aid: Aid, rest: tuple[list[tuple[Person, str]], list[tuple[Person, str]], int]
) -> dict[str, Any]:
    kept, packed, village = rest
    head = kept[0][0]
    month = month_of(pen, aid.since)
    own = aid.category == "城市"
    special = sum(one.age_on(aid.since) < _GROWN_UP or one.age_on(aid.since) >= _OLD for one, _ in kept)
    return {
        "序号": 0,
        "地区": TOWNS[village % len(TOWNS)],
        "户主姓名": pen.name(head),
        "身份证号": pen.number(head),
        "低保证号": aid.certificate,
        "起始保障年月": month,
        "保障类别": aid.category,
        "保障人数": len(kept),
        "重点保障人数": special,
        "残疾人数": int(aid.extra_fen > 0),
        "家庭补差(元)": _money(pen, aid.top_up_fen),
        "分类施保金(元)": _money(pen, aid.extra_fen),
        "开户银行": aid.bank,
        "账户名称": head.name,
        "银行账号": aid.account,
        "家庭成员": _packed(pen, packed),
        "居住地址": household.address,
        "备注": pen.note("城镇" if own else ""),
    }


def month_of(pen: Pen, since: date) -> str:
    """A year and month as this registry writes it."""
    return pen.rng.choice((f"{since.year}.{since.month:02d}", f"{since:%Y-%m}", f"{since.year}年{since.month}月"))


def _money(pen: Pen, fen: int) -> float | str:
    return pen.yuan(fen) if pen.strikes("amount_words") else fen / 100


def _packed(pen: Pen, people: list[tuple[Person, str]]) -> str:
    inner, between = pen.rng.choice(_PACKINGS)
    numbered = pen.rng.random() < 0.6
    cells = []
    for person, relation in people:
        cell = [person.name, _RELATIONS.get(relation, "其他")]
        cells.append(inner.join([*cell, person.number] if numbered else cell))
    return between.join(cells)
