"""Invented residents for measuring identity matching: people whose truth is known, written down twice with real dirt.

``generate(path, records=…, seed=…)`` writes a Parquet file in the standard form of ``hub identity resolve`` plus the
column ``person`` (the truth, which no matcher may read). Each block of a million records has its own seed: a larger
set is never made by copying a smaller one, because cloned people with nearly equal numbers are an artefact.

Rates: 15 % of the records repeat somebody; of the numbers 11 % are missing, 9 % damaged (typing errors, swapped
digits, 15 digits, cut off, placeholders, one in a thousand somebody else's); names by homophone, traditional form, one
wrong or lost character, other order; birth dates, phones (12 % shared in a household) and addresses change; 0.6 % are
twins.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
from opencc import OpenCC
from pypinyin import Style, pinyin

Texts = npt.NDArray[np.object_]

BLOCK: Final = 1_000_000
SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
FAVOURITES: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文辉玲梅萍鑫波斌宇浩凯健俊帆帅旭宁龙林欢"
    "婷雪琳晨倩颖佳欣怡嘉慧雨子涵梓轩一诺思睿博文昊天泽宏志远新成海燕春晓东立峰庆亮云飞少中正福贵荣德胜利"
)
PLACEHOLDERS: Final = np.array(["无", "000000000000000000", "不详", "111111111111111111", ""], dtype=object)
WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECKS: Final = np.array(list("10X98765432"))


@dataclass
class People:
    """One row a person; the arrays run in parallel."""

    name: Texts
    number: Texts
    birth: npt.NDArray[np.datetime64]
    sex: npt.NDArray[np.int64]
    region: Texts
    phone: Texts
    address: Texts
    extra: dict[str, Texts] = field(default_factory=dict)


@lru_cache(maxsize=1)
def given_characters() -> tuple[Texts, npt.NDArray[np.float64]]:
    """The characters of given names with their chances: favourites first, then GB 2312 level 1, by Zipf's rule."""
    rows = [bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)]
    common = [row.decode("gb2312", errors="ignore") for row in rows]
    ordered = list(dict.fromkeys([*FAVOURITES, *filter(None, common)]))
    chances = 1.0 / (np.arange(len(ordered)) + 12.0) ** 1.25
    return np.array(ordered, dtype=object), chances / chances.sum()


def numbers(
    region: Texts, birth: npt.NDArray[np.datetime64], sex: npt.NDArray[np.int64], rng: np.random.Generator
) -> Texts:
    """Resident ID numbers (GB 11643) with valid check characters."""
    serial = rng.integers(0, 500, len(region)) * 2 + (sex == 1)
    days = np.char.replace(birth.astype("datetime64[D]").astype(str), "-", "")
    body = np.char.add(np.char.add(region.astype(str), days), np.char.zfill(serial.astype(str), 3))
    digits = body.view("U1").reshape(len(body), -1)[:, :17].astype(int)
    return np.char.add(body, CHECKS[(digits * WEIGHTS).sum(axis=1) % 11]).astype(object)


def people(count: int, rng: np.random.Generator) -> People:
    """``count`` people; some share a household's phone and address, some are twins."""
    surnames = np.array(list(SURNAMES), dtype=object)
    chances = 1.0 / (np.arange(len(surnames)) + 6.0)
    family = surnames[rng.choice(len(surnames), count, p=chances / chances.sum())]
    given, odds = given_characters()
    first = given[rng.choice(len(given), count, p=odds)]
    second = np.where(rng.random(count) < 0.85, given[rng.choice(len(given), count, p=odds)], "")
    birth = np.datetime64("1935-01-01") + rng.integers(0, 32_000, count).astype("timedelta64[D]")
    sex = rng.integers(1, 3, count)
    areas = np.array(
        [f"3301{area:02d}" for area in range(2, 28)] + [f"3304{area:02d}" for area in range(1, 25)], object
    )
    region = areas[rng.integers(0, len(areas), count)]
    phone = _phones(count, rng)
    address = _addresses(count, rng)
    together = np.flatnonzero(rng.random(count - 1) < 0.12) + 1
    phone[together] = phone[together - 1]
    address[together] = address[together - 1]
    twins = np.flatnonzero(rng.random(count - 1) < 0.006) + 1
    for field_ in (family, birth, region, phone, address):
        field_[twins] = field_[twins - 1]
    return People(family + first + second, numbers(region, birth, sex, rng), birth, sex, region, phone, address)


def _phones(count: int, rng: np.random.Generator) -> Texts:
    heads = np.array(["138", "139", "135", "159", "186", "188", "177", "133"])
    tails = np.char.zfill(rng.integers(0, 10**8, count).astype(str), 8)
    return np.char.add(heads[rng.integers(0, len(heads), count)], tails).astype(object)


def _addresses(count: int, rng: np.random.Generator) -> Texts:
    roads = np.array([f"{a}{b}路" for a in "文新中人建解和长东西" for b in "化华山民设放平安风湖"], dtype=object)
    house = rng.integers(1, 400, count).astype(str)
    flat = rng.integers(101, 2500, count).astype(str)
    return np.array(
        [f"{road}{h}号{f}室" for road, h, f in zip(roads[rng.integers(0, 100, count)], house, flat, strict=True)],
        dtype=object,
    )


@lru_cache(maxsize=1)
def _homophones() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for character in given_characters()[0][:1800]:
        groups.setdefault(pinyin(character, style=Style.NORMAL)[0][0], []).append(character)
    return {one: [other for other in group if other != one] for group in groups.values() for one in group}


def _misspelt(name: str, rng: np.random.Generator, traditional: OpenCC) -> str:
    kind = rng.random()
    at = int(rng.integers(1, len(name)))
    if kind < 0.35:
        others = _homophones().get(name[at], [])
        return name[:at] + others[int(rng.integers(len(others)))] + name[at + 1 :] if others else name
    if kind < 0.6:
        return str(traditional.convert(name))
    if kind < 0.8:
        given = given_characters()[0]
        return name[:at] + str(given[int(rng.integers(400))]) + name[at + 1 :]
    if kind < 0.9 and len(name) > 2:
        return name[0] + name[2] + name[1]
    return name[:at] + name[at + 1 :] if len(name) > 2 else name


def _damaged(number: str, rng: np.random.Generator) -> str:
    kind = rng.random()
    at = int(rng.integers(6, 16))
    if kind < 0.4:
        return number[:at] + str((int(number[at]) + int(rng.integers(1, 10))) % 10) + number[at + 1 :]
    if kind < 0.6:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if kind < 0.75:
        return number[:6] + number[8:17] if number[6:8] == "19" else number.lower()
    if kind < 0.88:
        return number[: int(rng.integers(12, 18))]
    return str(PLACEHOLDERS[int(rng.integers(len(PLACEHOLDERS)))])


def _mistaken_birth(birth: np.datetime64, rng: np.random.Generator) -> str:
    text = str(birth)
    kind = rng.random()
    if kind < 0.5:
        return str(birth + np.timedelta64(int(rng.integers(1, 28)), "D"))
    if kind < 0.75 and int(text[8:]) <= 12:
        return f"{text[:4]}-{text[8:]}-{text[5:7]}"
    return f"{int(text[:4]) + int(rng.choice([-10, -1, 1, 10]))}{text[4:]}" if text[5:] != "02-29" else ""


def _block(count: int, seed: int) -> dict[str, Texts]:
    rng = np.random.default_rng(seed)
    distinct = count - round(count * 0.15)
    made = people(distinct, rng)
    who = np.concatenate([np.arange(distinct), rng.integers(0, distinct, count - distinct)])
    who = who[rng.permutation(count)]
    birth = made.birth[who].astype("datetime64[D]").astype(str).astype(object)
    columns = {
        "name": made.name[who],
        "id_number": made.number[who],
        "birth_date": birth,
        "sex": made.sex[who].astype(str).astype(object),
        "region_code": made.region[who],
        "phone": made.phone[who],
        "address": made.address[who],
    }
    _soil(columns, made, rng)
    columns["person"] = np.char.add(f"{seed}-", who.astype(str)).astype(object)
    return columns


def _soil(columns: dict[str, Texts], made: People, rng: np.random.Generator) -> None:
    count = len(columns["name"])
    traditional = OpenCC("s2t")
    for at in np.flatnonzero(rng.random(count) < 0.03):
        columns["name"][at] = _misspelt(columns["name"][at], rng, traditional)
    for at in np.flatnonzero(rng.random(count) < 0.02):
        columns["birth_date"][at] = _mistaken_birth(np.datetime64(columns["birth_date"][at]), rng)
    fate = rng.random(count)
    for at in np.flatnonzero((fate >= 0.11) & (fate < 0.199)):
        columns["id_number"][at] = _damaged(columns["id_number"][at], rng)
    strangers = np.flatnonzero((fate >= 0.199) & (fate < 0.2))
    columns["id_number"][strangers] = made.number[rng.integers(0, len(made.number), len(strangers))]
    columns["id_number"][fate < 0.11] = ""
    moved = np.flatnonzero(rng.random(count) < 0.2)
    columns["phone"][moved] = _phones(len(moved), rng)
    columns["phone"][rng.random(count) < 0.1] = ""
    moved = np.flatnonzero(rng.random(count) < 0.25)
    columns["address"][moved] = _addresses(len(moved), rng)
    columns["sex"][rng.random(count) < 0.03] = "0"


def generate(path: Path, *, records: int, seed: int) -> Path:
    """``path`` (Parquet) holds ``records`` identities afterwards, in the columns of this module's table."""
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE made (record_id VARCHAR, source VARCHAR, kind VARCHAR, name VARCHAR, id_number VARCHAR,"
        " birth_date VARCHAR, sex VARCHAR, region_code VARCHAR, phone VARCHAR, address VARCHAR, person VARCHAR)"
    )
    for number, start in enumerate(range(0, records, BLOCK)):
        block = _block(min(BLOCK, records - start), seed + number)
        _insert(con, block, start)
    con.execute(f"COPY (SELECT * FROM made) TO '{path}' (FORMAT parquet)")
    con.close()
    return path


def _insert(con: duckdb.DuckDBPyConnection, block: dict[str, Texts], start: int) -> None:
    count = len(block["name"])
    columns = {
        "record_id": np.char.add("r", np.arange(start, start + count).astype(str)).astype(object),
        "source": np.array([f"registry-{n % 4}" for n in range(count)], dtype=object),
        "kind": np.full(count, "resident", dtype=object),
        **block,
    }
    con.register("block", columns)
    con.execute("INSERT INTO made SELECT * FROM block")
    con.unregister("block")
