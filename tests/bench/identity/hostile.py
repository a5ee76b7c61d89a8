"""Invented households with the dirt that other generators leave out: what a matcher was not tuned on.

``python -m tests.bench.identity.hostile OUT.csv --records 100000 --seed 1 --names narrow`` writes records in the
standard form with their ``truth``. Families share phone, address, surname and generation character; some people have
two valid numbers, some numbers belong to two people of one birthday; names change, stand in brackets, in traditional or
private characters; birth dates are swapped, filled up with 1 January or a placeholder; one phone stands for an office.
``narrow`` draws given names from so few characters that strangers of one name and birthday are common.
"""

import argparse
import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from hub.kernel.checkdigits import resident_id_check
from tests.bench.identity.people import FAVOURITES, SURNAMES, given_characters

Row = dict[str, Any]
FIELDS = (
    "record_id", "source", "kind", "name", "id_number", "birth_date", "sex", "region_code", "phone", "address", "truth",
)  # fmt: skip
SOURCES = ("civil_affairs/residents", "land/rights", "marriage/events", "funeral/funerals", "low_income/households")
OFFICE = ("13800000000", "057188001234", "13905711111")
FILLERS = (
    "无",
    "不详",
    "0",
    "000000000000000000",
    "111111111111111111",
    "身份证遗失",
    "330106********0028",
    "3.30106E+17",
)
TRADITIONAL = str.maketrans(
    "张陈刘吴郑谢宋许韩邓冯伟丽强军杰国华兰红铁钟云风龙马东门长贵",
    "張陳劉吳鄭謝宋許韓鄧馮偉麗強軍傑國華蘭紅鐵鐘雲風龍馬東門長貴",
)
MINORITY = ("阿卜杜拉·买买提", "古丽·艾山", "买买提江·吐尔逊", "扎西多吉", "才让卓玛", "阿依古丽·热合曼")
DOTS = ("·", "•", "‧", "・", ".", "")
STRANGER = {"region_code": "330521", "birth_date": "1966-06-06", "sex": "1"}
ROADS = ("文三", "教工", "古墩", "莫干山", "解放", "庆春", "人民", "建设", "新华", "环城北")


class County:
    """One county of families; another seed is another county."""

    def __init__(self, seed: int, *, narrow: bool) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - invented people
        self._given = list(FAVOURITES[:60]) if narrow else list(given_characters()[0][:1500])
        self._odds = list(accumulate(1 / (place + (40 if narrow else 12)) for place in range(len(self._given))))
        self._surnames = list(accumulate(1 / (place + 6) for place in range(len(SURNAMES))))
        self._region = "330521" if narrow else ""
        self._taken: set[str] = set()

    def records(self, count: int) -> Iterator[Row]:
        """About ``count`` records in no order of person."""
        people: list[Row] = []
        while len(people) < count * 0.7:
            people += self._family()
        rows = []
        for truth, person in enumerate(people):
            self._meet(person, people)
            rows.append(self._written(person) | {"truth": truth, "source": SOURCES[0]})
            while self._chance.random() < 0.3:
                rows.append(self._written(person) | {"truth": truth, "source": self._chance.choice(SOURCES[1:])})
        self._chance.shuffle(rows)
        for place, row in enumerate(rows):
            yield row | {"record_id": f"h{place}", "kind": "resident"}

    def _family(self) -> list[Row]:
        chance = self._chance
        region = self._region or f"33{chance.randrange(1, 12):02}{chance.randrange(2, 10):02}"
        home = {"region_code": region, "phone": self._phone(), "address": self._address()}
        husband_born = date(1935, 1, 1) + timedelta(days=chance.randrange(25000))
        family_name, other_name = (chance.choices(SURNAMES, cum_weights=self._surnames)[0] for _ in range(2))
        people = [self._person(home, family_name, husband_born, "1")]
        if chance.random() < 0.7:
            born = husband_born + timedelta(days=chance.randrange(-1500, 2500))
            people.append(self._person(home, other_name, born, "2"))
        generation = self._character()
        born = husband_born + timedelta(days=365 * 24 + chance.randrange(2000))
        for _ in range(chance.choices((0, 1, 2, 3), (3, 4, 2, 1))[0]):
            if born > date(2025, 12, 1):
                break
            child = self._person(home, family_name, born, chance.choice("12"), generation)
            if child["name"] not in {each["name"] for each in people}:
                people.append(child)
            born += timedelta(days=0 if chance.random() < 0.03 else chance.randrange(330, 2000))
        return people

    def _person(self, home: Row, surname: str, born: date, sex: str, generation: str = "") -> Row:
        chance = self._chance
        name = surname + (generation or self._character()) + (self._character() if chance.random() < 0.8 else "")
        if chance.random() < 0.01:
            name = chance.choice(MINORITY)
        person = home | {"name": name, "birth_date": born.isoformat(), "sex": sex, "former": "", "second": ""}
        if chance.random() < 0.6:
            person["phone"] = self._phone()
        person["id_number"] = self._number(person)
        if chance.random() < 0.01:  # another name in younger years
            person["former"] = name[0] + self._character() + (self._character() if chance.random() < 0.5 else "")
        if chance.random() < 0.003:  # a corrected number: the old one lives on in old records
            person["second"] = self._number(person | {"birth_date": (born + timedelta(days=366)).isoformat()})
        return person

    def _meet(self, person: Row, people: list[Row]) -> None:
        """Now and then a doubled number 重号: two people of one birthday, sex and county."""
        if self._chance.random() < 0.001:
            other = self._chance.choice(people)
            person |= {key: other[key] for key in ("id_number", "birth_date", "sex", "region_code")}

    def _character(self) -> str:
        return str(self._chance.choices(self._given, cum_weights=self._odds)[0])

    def _number(self, person: Row) -> str:
        """A number that nobody has yet; whoever is born on one day in one county, twins above all, stands close."""
        sequence = self._chance.randrange(5, 40) * 2 + int(person["sex"] == "1")
        while True:
            sequence += 2
            body = f"{person['region_code']}{person['birth_date'].replace('-', '')}{sequence:03}"
            if body not in self._taken:
                self._taken.add(body)
                return body + resident_id_check(body)

    def _phone(self) -> str:
        return f"1{self._chance.choice(('38', '39', '58', '77', '86'))}{self._chance.randrange(10**8):08}"

    def _address(self) -> str:
        chance = self._chance
        if chance.random() < 0.25:
            return f"{chance.choice(ROADS)}村{chance.randrange(1, 15)}组"
        house = f"{chance.randrange(1, 400)}号{chance.randrange(1, 30)}幢"
        return f"{chance.choice(ROADS)}路{house}{chance.randrange(101, 1800)}室"

    def _written(self, person: Row) -> Row:
        """The person as one clerk wrote them down."""
        row = {name: person.get(name, "") for name in FIELDS}
        chance = self._chance
        if person["second"] and chance.random() < 0.5:
            row["id_number"] = person["second"]
        if person["former"]:
            row["name"] = chance.choice(
                (
                    person["name"],
                    person["former"],
                    f"{person['name']}({person['former']})",
                    f"{person['name']} 曾用名:{person['former']}",
                )
            )
        for field, odds, spoilt in self._habits:
            if row[field] and chance.random() < odds:
                row[field] = spoilt(row[field])
        return row

    @property
    def _habits(self) -> tuple[tuple[str, float, Callable[[str], str]], ...]:
        """What clerks do to a field, how often."""
        chance = self._chance
        wide = {ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)}
        return (
            ("name", 0.02, lambda text: text.translate(TRADITIONAL)),
            ("name", 0.01, lambda text: f"{text[0]} {text[1:]}"),
            ("name", 0.004, lambda text: f"{text[:-1]}\ue123"),
            ("name", 0.01, lambda text: text[:-1] + self._character()),
            ("name", 0.3, lambda text: text.replace("·", chance.choice(DOTS))),
            ("id_number", 0.12, lambda _: ""),
            ("id_number", 0.04, lambda text: text[:6] + text[8:17] if text[6:8] == "19" else text.lower()),
            ("id_number", 0.02, lambda text: text.translate(wide).replace("X", "Ｘ")),
            ("id_number", 0.02, lambda text: f"'{text[:6]} {text[6:14]} {text[14:]}"),
            ("id_number", 0.03, self._mistyped),
            ("id_number", 0.01, self._turned),
            ("id_number", 0.02, lambda _: chance.choice(FILLERS)),
            ("id_number", 0.001, lambda _: self._number(STRANGER)),
            ("birth_date", 0.05, lambda _: ""),
            ("birth_date", 0.02, lambda text: f"{text[:4]}-{text[8:]}-{text[5:7]}" if int(text[8:]) < 13 else text),
            ("birth_date", 0.02, lambda text: f"{text[:4]}-01-01"),
            ("birth_date", 0.01, lambda _: chance.choice(("1970-01-01", "1900-01-01", "1980-01-01"))),
            ("birth_date", 0.01, lambda text: f"{int(text[:4]) + chance.choice((-1, 1, 10))}{text[4:]}"),
            ("birth_date", 0.3, lambda text: text.replace("-", chance.choice(("", "/", ".")))),
            ("sex", 0.03, lambda _: chance.choice(("0", "", "未知"))),
            ("sex", 0.005, lambda text: "2" if text == "1" else "1"),
            ("phone", 0.2, lambda _: ""),
            ("phone", 0.15, lambda _: self._phone()),
            ("phone", 0.02, lambda _: chance.choice(OFFICE)),
            ("phone", 0.05, lambda text: f"+86 {text[:3]}-{text[3:7]}-{text[7:]}"),
            ("address", 0.2, lambda _: self._address()),
            ("address", 0.15, lambda _: ""),
            ("address", 0.2, lambda text: f"浙江省湖州市德清县{text}"),
            ("region_code", 0.05, lambda _: ""),
        )  # fmt: skip

    def _mistyped(self, number: str) -> str:
        place = self._chance.randrange(len(number))
        return f"{number[:place]}{self._chance.randrange(10)}{number[place + 1 :]}"

    def _turned(self, number: str) -> str:
        place = self._chance.randrange(len(number) - 1)
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def write(path: Path, *, records: int, seed: int, narrow: bool) -> None:
    """``path`` (CSV) holds about that many records afterwards."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(County(seed, narrow=narrow).records(records))


def main() -> None:
    """Writes the file that the command line names."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("--records", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--names", choices=("broad", "narrow"), default="broad")
    told = asked.parse_args()
    write(told.out, records=told.records, seed=told.seed, narrow=told.names == "narrow")


if __name__ == "__main__":
    main()
