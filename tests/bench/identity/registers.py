"""A prefecture as five registries wrote it down over thirty years: residents and organisations, each with their truth.

``python -m tests.bench.identity.registers OUT.csv --records 100000 --seed 1 --kind resident|legal_person`` follows the
list of dirt that the field has, and nothing of how a matcher or another generator works. Every registry writes in a way
of its own: one has old numbers of 15 digits, one masks them, one went through a spreadsheet, one writes traditional
characters, one leaves out what it does not need. Towns are small: many live in one building, work at one switchboard,
share a favourite name of their year. Organisations are renamed, get new codes, have branches and namesakes next
door; a name is given twice only where its first bearer was cancelled.
"""

import argparse
import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from hub.kernel.checkdigits import CREDIT_ALPHABET, credit_code_check, organisation_code_check, resident_id_check

Row = dict[str, Any]
FIELDS: Final = (
    "record_id", "source", "kind", "name", "former_names", "id_number", "birth_date", "sex", "region_code", "phone",
    "address", "credit_code", "organisation_code", "registration_number", "legal_representative", "truth",
)  # fmt: skip
EXPORTS: Final = ("roster", "land", "marriage", "funeral", "low_income")
SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹单解仇查任曾朴盖区种覃尉乐缪佟诸葛端木欧阳司马上官"
)
COMPOUND: Final = ("欧阳", "司马", "上官", "诸葛", "端木")
BY_DECADE: Final = {
    1930: "福贵金银秀英桂兰德才根土阿水生",
    1950: "建国国庆卫东红军爱华解放志强玉兰",
    1970: "伟强勇军磊芳敏静丽燕海涛建平晓红",
    1990: "浩宇鑫杰婷雪倩颖晨阳思佳文博雨欣",
    2010: "梓涵子轩一诺欣怡浩然宇航诗涵沐宸",
}
ALIKE: Final = (("己", "已"), ("晴", "睛"), ("末", "未"), ("土", "士"), ("玟", "玫"), ("杰", "傑"), ("日", "曰"))
HOMOPHONES: Final = (
    "建健剑",
    "国帼",
    "伟玮炜",
    "芳方",
    "敏闽",
    "静婧",
    "丽莉",
    "燕雁艳",
    "英瑛",
    "兰岚",
    "宇雨羽",
    "涵晗",
)
TRADITIONAL: Final = str.maketrans(
    "张陈刘吴郑谢许韩邓冯伟丽强军杰国华兰红银贵", "張陳劉吳鄭謝許韓鄧馮偉麗強軍傑國華蘭紅銀貴"
)
TOWNS: Final = ("临平", "塘栖", "乔司", "瓶窑", "径山", "良渚", "余杭", "仓前")
TRADES: Final = ("茶业", "丝绸", "机械", "养老服务", "文化传播", "食品", "建筑", "信息技术", "物流", "环保科技")
_BRANDS: Final = "鑫瑞恒达华盛安泰宏远新同兴隆天正永吉中和佳美康利丰源通顺润泽凯捷创联信诚"
FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司", "合作社", "协会", "商会", "研究会", "幼儿园", "养老院")


class Prefecture:
    """Everybody who lives or is registered in it; another seed is another prefecture."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - invented people
        self._taken: set[str] = set()

    def records(self, kind: str, count: int) -> Iterator[Row]:
        """About ``count`` records of that kind, in no order."""
        rows: list[Row] = []
        truth = 0
        while len(rows) < count:
            made = self._household() if kind == "resident" else self._organisations()
            for who in made:
                written = self._chance.choices((1, 2, 3, 4, 5), (50, 25, 14, 8, 3))[0]
                for export in self._chance.sample(EXPORTS, written):
                    write = self._person_in if kind == "resident" else self._organisation_in
                    rows.append(write(export, who) | {"source": export, "kind": kind, "truth": truth})
                truth += 1
        self._chance.shuffle(rows)
        for place, row in enumerate(rows):
            yield dict.fromkeys(FIELDS, "") | row | {"record_id": f"p{place}"}

    def _may(self, odds: float) -> bool:
        return self._chance.random() < odds

    # --- residents --------------------------------------------------------------------------------------------------

    def _household(self) -> list[Row]:
        chance = self._chance
        town = chance.choice(TOWNS)
        home = {"region": f"3301{chance.randrange(2, 14):02}", "phone": self._mobile(), "address": self._home(town)}
        born = date(1928, 1, 1) + timedelta(days=chance.randrange(28_000))
        father = self._person(home, self._surname(), born, "1")
        mother = self._person(home, self._surname(), born + timedelta(days=chance.randrange(-2_000, 2_000)), "2")
        people = [father, mother][: 1 + self._may(0.75)]
        born += timedelta(days=8_000 + chance.randrange(4_000))
        for _ in range(chance.choices((0, 1, 2, 3), (35, 40, 20, 5))[0]):
            if born.year > 2024:
                break
            child = self._person(home, father["name"][:2] if father["name"][:2] in COMPOUND else father["name"][0],
                                 born, chance.choice("12"))  # fmt: skip
            if not any(each["name"] == child["name"] for each in people):
                people.append(child)
            born += timedelta(days=0 if self._may(0.02) else chance.randrange(330, 2_500))
        return people

    def _surname(self) -> str:
        if self._may(0.01):
            return self._chance.choice(COMPOUND)
        return self._chance.choices(SURNAMES[:30], range(40, 10, -1))[0]

    def _person(self, home: Row, surname: str, born: date, sex: str) -> Row:
        chance = self._chance
        favourites = BY_DECADE[max(year for year in BY_DECADE if year <= max(born.year, 1930))]
        given = "".join(chance.choice(favourites) for _ in range(chance.choices((1, 2), (20, 80))[0]))
        person = home | {"name": surname + given, "born": born, "sex": sex, "number": "", "former": ""}
        person["number"] = self._resident_id(person)
        if self._may(0.55):
            person["phone"] = self._mobile()
        if self._may(0.02):
            person["former"] = surname + chance.choice(favourites)
        return person

    def _resident_id(self, person: Row) -> str:
        region = person["region"] if self._may(0.8) else f"33{self._chance.randrange(1, 12):02}21"
        while True:
            serial = self._chance.randrange(0, 500) * 2 + int(person["sex"] == "1")
            body = f"{region}{person['born']:%Y%m%d}{serial:03}"
            if body not in self._taken:
                self._taken.add(body)
                return body + resident_id_check(body)

    def _mobile(self) -> str:
        return f"1{self._chance.choice(('35', '50', '87', '99'))}{self._chance.randrange(10**8):08}"

    def _home(self, town: str) -> str:
        chance = self._chance
        if self._may(0.4):
            return f"{town}镇{chance.choice('东西南北')}{chance.choice('山河塘桥')}村{chance.randrange(1, 12)}组"
        house = f"{chance.randrange(1, 60)}号{chance.randrange(1, 9)}幢{chance.randrange(1, 5)}单元"
        return f"{town}街{house}{chance.randrange(101, 700)}室"

    def _person_in(self, export: str, person: Row) -> Row:
        born = person["born"]
        return {
            "name": self._name_in(export, person),
            "id_number": self._number_in(export, person),
            "birth_date": self._day_in(export, born),
            "sex": self._chance.choice({"1": ("1", "男", "M", "男性"), "2": ("2", "女", "F", "女性")}[person["sex"]])
            if self._may(0.95)
            else "",
            "region_code": person["region"] if export != "marriage" else "",
            "phone": self._phone_in(export, person["phone"]),
            "address": self._address_in(export, person["address"]),
            "former_names": person["former"] if export == "roster" and self._may(0.5) else "",
        }

    def _name_in(self, export: str, person: Row) -> str:
        chance = self._chance
        name: str = person["name"]
        if person["former"] and export in ("land", "marriage") and self._may(0.4):
            return chance.choice(
                (person["former"], f"{name}（曾用名{person['former']}）", f"{name}({person['former']})")
            )
        if export == "land" and self._may(0.1):
            return name.translate(TRADITIONAL)
        if export == "funeral" and self._may(0.06):
            return chance.choice((f"{name[0]}　{name[1:]}", " ".join(name), f"{name[:-1]}?", f"{name[:-1]}\ue863"))
        if self._may(0.02):
            group = [each for each in HOMOPHONES if name[-1] in each]
            alike = [other for pair in ALIKE for other in pair if name[-1] in pair and other != name[-1]]
            others = (group[0].replace(name[-1], "") if group else "") + "".join(alike)
            return name[:-1] + chance.choice(others) if others else name
        return name

    def _number_in(self, export: str, person: Row) -> str:
        """The number by the habit of the registry, or else as one clerk in fourteen writes or forgets it."""
        chance = self._chance
        number: str = person["number"]
        if export == "low_income" and self._may(0.5):
            return f"{number[:6]}********{number[14:]}"
        if export == "funeral" and self._may(0.25):
            return chance.choice(("", "无", "不详", "无身份证", "000000000000000000"))
        if export == "land" and self._may(0.25):
            rounded = (f"{number[:15]}000", f"{float(number[:17] + '0'):.5E}")
            return number[:6] + number[8:17] if person["born"].year < 1985 else chance.choice((*rounded, *[number] * 4))
        wide = {ord(each): ord(each) + 0xFEE0 for each in "0123456789X"}
        place = chance.randrange(17)
        mistyped = number[:place] + str((int(number[place]) + chance.randrange(1, 10)) % 10) + number[place + 1 :]
        written = (
            number.translate(wide), number.replace("X", "Х"), number.replace("X", "*"), f"'{number}",
            f"{number[:6]} {number[6:14]} {number[14:]}", number.lower(), f"{number}\t", f"身份证{number}", mistyped,
            mistyped, mistyped, mistyped, "", "", "",
        )  # fmt: skip
        return chance.choice(written) if self._may(0.12) else number

    def _day_in(self, export: str, born: date) -> str:
        chance = self._chance
        if export == "land":
            return ""
        if export == "funeral" and self._may(0.08):
            return f"{born.year}-01-01"
        if self._may(0.01):
            return chance.choice(("1900-01-01", "9999-12-31", "2099-05-05", "0"))
        if self._may(0.015):
            born += timedelta(days=chance.choice((-1, 1, 10, 30, 365)))
        written = {
            "roster": "%Y%m%d",
            "marriage": "%Y-%m-%d 00:00:00",
            "funeral": "%Y/%m/%d",
            "low_income": "%Y年%m月%d日",
        }
        return born.strftime(written[export])

    def _phone_in(self, export: str, phone: str) -> str:
        if export == "marriage" or self._may(0.2):
            return ""
        if export == "low_income" and self._may(0.1):
            return "0571-86221234"
        return (
            self._mobile()
            if self._may(0.12)
            else self._chance.choice((phone, f"+86{phone}", f"{phone[:3]}-{phone[3:]}"))
        )

    def _address_in(self, export: str, address: str) -> str:
        if export == "marriage":
            return ""
        if self._may(0.15):
            return self._home(self._chance.choice(TOWNS))
        full = f"浙江省杭州市余杭区{address}" if export in ("land", "funeral") else address
        return full.replace("幢", "号楼").replace("号楼", "-") if self._may(0.1) else full

    # --- organisations ----------------------------------------------------------------------------------------------

    def _organisations(self) -> list[Row]:
        chance = self._chance
        brand = "".join(chance.choice(_BRANDS) for _ in range(chance.choice((2, 2, 3))))
        town, trade, form = chance.choice(TOWNS), chance.choice(TRADES), chance.choices(FORMS, range(18, 0, -2))[0]
        head = self._organisation(f"杭州{brand}{trade}{form}", town)
        made = [head]
        if self._may(0.08):
            made.append(self._organisation(f"{head['name']}{town}分公司", town))
        if self._may(0.06):
            made.append(self._organisation(f"杭州{brand}{chance.choice(TRADES)}{form}", town))
        if self._may(0.05):
            made.append(self._organisation(f"宁波{brand}{trade}{form}", town))
        fresh = [each for each in made if self._taken.isdisjoint(_registered(each)) or self._may(0.01)]
        self._taken.update(name for each in fresh for name in _registered(each))
        return fresh

    def _organisation(self, name: str, town: str) -> Row:
        chance = self._chance
        while True:
            body = "".join(chance.choice(CREDIT_ALPHABET) for _ in range(8))
            if body not in self._taken:
                self._taken.add(body)
                break
        organisation = body + organisation_code_check(body)
        first = f"{chance.choice(('91', '51', '52', '93'))}330110{organisation}"
        return {
            "name": name,
            "former": name.replace(name[2:4], chance.choice(("东方", "西湖", "钱江"))) if self._may(0.06) else "",
            "credit": first + credit_code_check(first),
            "organisation": organisation,
            "town": town,
            "head": self._surname() + chance.choice("建国伟强芳敏静丽") + chance.choice("华平军红"),
            "phone": f"0571-8{chance.randrange(10**7):07}" if self._may(0.85) else "0571-86220000",
            "address": f"{town}街{chance.randrange(1, 300)}号",
        }

    def _organisation_in(self, export: str, one: Row) -> Row:
        name = one["former"] if one["former"] and self._may(0.3) else one["name"]
        if self._may(0.15):
            name = f"{name[2:4]}({name[:2]}){name[4:]}"
        if self._may(0.15):
            name = name.replace("(", "（").replace(")", "）")
        if self._may(0.05):
            name = name.replace("有限公司", "有限责任公司")
        if self._may(0.05):
            name = f"浙江省{name}"
        credit = self._credit_in(export, one["credit"])
        code = one["organisation"]
        return {
            "name": name,
            "credit_code": credit,
            "organisation_code": "" if credit else f"{code[:8]}-{code[8]}" if self._may(0.6) else "",
            "region_code": "330110" if self._may(0.8) else "",
            "phone": one["phone"] if self._may(0.6) else "",
            "address": one["address"] if self._may(0.6) else "",
            "legal_representative": one["head"] if self._may(0.7) else "",
        }

    def _credit_in(self, export: str, credit: str) -> str:
        if export in ("land", "funeral") and self._may(0.35):
            return ""
        if self._may(0.03):
            return credit.replace("0", "O", 1) if "0" in credit else credit.replace("1", "I", 1)
        if self._may(0.03):
            place = self._chance.randrange(8, 17)
            return credit[:place] + self._chance.choice(CREDIT_ALPHABET) + credit[place + 1 :]
        return credit.lower() if self._may(0.05) else credit


def _registered(one: Row) -> set[str]:
    """What no other may be called: a limited company has one name, whichever way its form is written."""
    return {one[name].replace("有限责任公司", "有限公司") for name in ("name", "former") if one[name]}


def generate(path: Path, *, records: int, seed: int, kind: str) -> Path:
    """``path`` (CSV) holds about that many records of that kind afterwards."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(Prefecture(seed).records(kind, records))
    return path


def main() -> None:
    """Writes the file that the command line names."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("--records", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--kind", choices=("resident", "legal_person"), default="resident")
    told = asked.parse_args()
    generate(told.out, records=told.records, seed=told.seed, kind=told.kind)


if __name__ == "__main__":
    main()
