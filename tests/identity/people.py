"""Invented residents with a known truth: duplicates, lost and faulty numbers, misspelt names, households and twins."""

import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from pypinyin import Style, lazy_pinyin

from hub.kernel.checkdigits import resident_id_check

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵万覃武钱戴严莫孔向常"
    "汤康易乔赖文"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅春建国志海文斌辉鹏飞宇晨浩然子轩雨欣怡佳慧琳"
    "雪婷莹颖倩颜宁波峰林森松柏青云龙凤祥瑞福寿康健安乐和顺永恒远大光耀宗祖德仁义礼智信诚忠孝廉洁清正学思"
    "诗书琴画墨香竹菊荷莲珍珠宝贵金银铜铁锡山川河江湖洋泽润滋沛霖露霜冰寒暖阳星辰月晓晖曦旭东南西北中元亨"
    "利贞少继承启迪开拓创新发展繁荣昌盛兴旺达通顺泰民生权利法治理想望希求索探寻觅知音妙曼舞歌咏颂赞美好善"
    "良温柔刚毅果敢坚定稳重厚道宽容谦虚谨慎勤奋努力拼搏进取向上"
)
ROADS = ("文三", "文二", "教工", "学院", "古墩", "天目山", "莫干山", "延安", "解放", "中山", "庆春", "凯旋", "体育场")
TRADITIONAL = str.maketrans("张陈刘吴郑谢宋许韩邓冯伟丽强军杰国华兰红", "張陳劉吳鄭謝宋許韓鄧馮偉麗強軍傑國華蘭紅")
FIELDS = ("record_id", "source", "name", "id_number", "birth_date", "sex", "region_code", "phone", "address", "truth")
FIRST_DAY, DAYS = date(1935, 1, 1), 31000


def _weights(count: int) -> list[float]:
    return list(accumulate(1 / (place + 6) for place in range(count)))


class County:
    """People drawn from one seed; another seed is another county."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311  # invented people
        self._surnames = _weights(len(SURNAMES))
        self._given = _weights(len(GIVEN))
        self._alike: dict[str, list[str]] = {}
        self._given_out: set[str] = set()
        by_sound: dict[str, list[str]] = {}
        for character in dict.fromkeys(GIVEN):
            by_sound.setdefault(lazy_pinyin(character, style=Style.NORMAL)[0], []).append(character)
        for group in by_sound.values():
            for character in group:
                self._alike[character] = [other for other in group if other != character]

    def records(self, people: int, duplicates: float = 0.15 / 0.85) -> Iterator[dict[str, Any]]:
        """Records of that many people, in no order of person; ``truth`` says whose each is."""
        rows = []
        household: dict[str, Any] = {}
        for number in range(people):
            person = self._person(household)
            household = person
            rows.append(person | {"truth": number, "source": "roster"})
            while self._chance.random() < duplicates / (1 + duplicates):
                rows.append(self._again(person) | {"truth": number, "source": "other"})
        self._chance.shuffle(rows)
        for place, row in enumerate(rows):
            yield self._damaged(row) | {"record_id": f"r{place}"}

    def _person(self, before: dict[str, Any]) -> dict[str, Any]:
        chance = self._chance
        born = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        region = f"3301{chance.randrange(2, 15):02}"
        sex = chance.choice("12")
        surname = chance.choices(SURNAMES, cum_weights=self._surnames)[0]
        person = {
            "name": surname + "".join(chance.choices(GIVEN, cum_weights=self._given, k=chance.choice((1, 2, 2, 2)))),
            "birth_date": born.isoformat(),
            "sex": sex,
            "region_code": region,
            "phone": f"1{chance.choice('3578')}{chance.randrange(10**9):09}",
            "address": self._address(),
        }
        if before and chance.random() < 0.12:  # of the household before
            person |= {"phone": before["phone"], "address": before["address"], "region_code": before["region_code"]}
        if before and chance.random() < 0.006:  # a twin
            person |= {key: before[key] for key in ("birth_date", "phone", "address", "region_code")}
            person["name"] = before["name"][0] + person["name"][1:]
        return person | {"id_number": self._number(person)}

    def _number(self, person: dict[str, Any]) -> str:
        """A number that nobody has yet."""
        while True:
            sequence = self._chance.randrange(480) * 2 + int(person["sex"] == "1") + 10
            body = person["region_code"] + person["birth_date"].replace("-", "") + f"{sequence:03}"
            if body not in self._given_out:
                self._given_out.add(body)
                return body + resident_id_check(body)

    def _address(self) -> str:
        chance = self._chance
        road, house = chance.choice(ROADS), f"{chance.randrange(1, 900)}号{chance.randrange(1, 40)}幢"
        return f"{road}路{house}{chance.randrange(101, 3000)}室"

    def _again(self, person: dict[str, Any]) -> dict[str, Any]:
        """The same person in another registry: a new phone, another address, a birth date mistyped now and then."""
        chance, other = self._chance, dict(person)
        if chance.random() < 0.3:
            other["phone"] = f"1{chance.choice('3578')}{chance.randrange(10**9):09}"
        if chance.random() < 0.3:
            other["address"] = ""
        if chance.random() < 0.02:
            year, month, day = other["birth_date"].split("-")
            turned = f"{year}-{day}-{month}" if int(day) < 13 else f"{int(year) + 1}-{month}-{day}"
            other["birth_date"] = chance.choice((turned, f"{year}-{month}-{chance.randrange(1, 29):02}"))
        if chance.random() < 0.08:
            other["name"] = self._misspelt(other["name"])
        return other

    def _misspelt(self, name: str) -> str:
        chance = self._chance
        place = chance.randrange(1, len(name))
        kind = chance.random()
        if kind < 0.45 and self._alike.get(name[place]):
            return name[:place] + chance.choice(self._alike[name[place]]) + name[place + 1 :]
        if kind < 0.6:
            return name.translate(TRADITIONAL)
        if kind < 0.75 and len(name) > 2:
            return name[0] + name[2] + name[1] + name[3:]
        if kind < 0.85:
            return name[:place] + "?" + name[place + 1 :]
        return name[:place] + chance.choice(GIVEN) + name[place + 1 :]

    def _damaged(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with its number lost, mistyped, shortened, hidden or somebody else's, now and then."""
        number, left = row["id_number"], self._chance.random()
        for share, damage in self._damages:
            left -= share
            if left < 0:
                return row | {"id_number": damage(number)}
        return row

    @property
    def _damages(self) -> tuple[tuple[float, Callable[[str], str]], ...]:
        return (
            (0.11, lambda _: ""),
            (0.03, self._mistyped),
            (0.015, self._turned),
            (0.02, lambda number: number[:6] + number[8:17] if number[6:8] == "19" else number),
            (0.01, lambda number: number[: self._chance.randrange(12, 18)]),
            (0.01, lambda number: self._chance.choice(("无", "不详", "0" * 18, f"{number[:6]}********{number[14:]}"))),
            (0.001, self._somebody_elses),
        )

    def _mistyped(self, number: str) -> str:
        place = self._chance.randrange(18)
        return number[:place] + str((int(number[place].replace("X", "0")) + 1) % 10) + number[place + 1 :]

    def _turned(self, number: str) -> str:
        place = self._chance.randrange(17)
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    def _somebody_elses(self, number: str) -> str:
        body = number[:14] + f"{self._chance.randrange(10, 999):03}"
        return body + resident_id_check(body)


def write_records(path: Path, people: int, seed: int) -> int:
    """How many records of an invented county stand in the CSV file at ``path`` now."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for row in County(seed).records(people):
            writer.writerow({name: row[name] for name in FIELDS})
            count += 1
    return count
