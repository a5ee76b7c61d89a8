"""The pen with which a registry's clerk writes one row: the true value, or what becomes of it."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TypeVar

from adapters.simulator import lexicon, smudges
from adapters.simulator.dirt import UNUSABLE, Dirt
from adapters.simulator.model import Organisation, Person

Row = TypeVar("Row")
_CORRECTED_A_DAY = 0.3
_OLD_NUMBER_UNTIL = 2000


class Pen:
    """Writes cells; the same row identity always brings the same dirt, so unchanged rows stay unchanged."""

    def __init__(self, dirt: Dirt, chance: str) -> None:
        self.dirt = dirt
        self.rng = Random(chance)  # noqa: S311  # an invented county needs no secrets
        self.marks: list[str] = []

    def strikes(self, kind: str) -> bool:
        """Whether a kind of dirt befalls this row; it is marked if so."""
        struck = self.rng.random() < self.dirt.rate(kind)
        if struck:
            self.marks.append(kind)
        return struck

    def number(self, person: Person, *, earlier: bool = False, other: Person | None = None) -> str:
        """A person's number; ``earlier`` where it was filled in before a correction, ``other`` to confuse with."""
        number = person.earlier_number if earlier else person.number
        if len(number) != 18:
            return number
        if other is not None and len(other.number) == len(number) and self.strikes("id_of_another"):
            return other.number
        kind = self.dirt.spin("number", self.rng.random())
        if kind is None and number.endswith("X"):
            kind = self.dirt.spin("number_x", self.rng.random())
        if kind is None or (kind == "id_fifteen_digits" and person.born.year >= _OLD_NUMBER_UNTIL):
            return number
        written = smudges.NUMBER[kind](number, self.rng)
        if written != number:
            self.marks.append(kind)
        return written

    def name(self, person: Person, *, required: bool = True) -> str:
        """A person's name."""
        name = person.name
        if required and self.strikes("record_required_missing"):
            return ""
        if person.former_name and self.strikes("name_former_in_brackets"):
            left, right = self.rng.choice(("()", "（）"))
            return f"{name}{left}{person.former_name}{right}"
        if "·" in name:
            return name.replace("·", self.rng.choice(lexicon.MINORITY_DOTS)) if self.strikes("name_dot") else name
        rare = next((one for one in name if one in lexicon.RARE_SPELLED), "")
        if rare and self.strikes("name_rare_character"):
            return name.replace(rare, self.rng.choice(("\ue863", "?", lexicon.RARE_SPELLED[rare])))
        kind = self.dirt.spin("name", self.rng.random())
        written = smudges.NAME[kind](name, self.rng) if kind else name
        if kind and written != name:
            self.marks.append(kind)
        return written

    def sex(self, code: str, usual: tuple[str, str] = ("男", "女")) -> str:
        """A sex code in the column's usual words, or another's."""
        place = int(code) - 1
        if self.strikes("id_contradicts_sex"):
            place = 1 - place
        if self.strikes("code_sex_form"):
            usual = self.rng.choice((("男", "女"), ("1", "2"), ("01", "02"), ("M", "F"), ("男性", "女性")))
        return usual[place]

    def ethnicity(self, code: str) -> str:
        """An ethnicity as 汉族, or as 汉 or 01."""
        name = lexicon.ETHNICITY_NAMES[code]
        return self.rng.choice((name, code)) if self.strikes("code_ethnicity_form") else f"{name}族"

    def birth_date(self, person: Person, form: str = "%Y-%m-%d") -> str:
        """A birth date, at times not the one in the number."""
        born = person.born
        if self.strikes("id_contradicts_birth"):
            born = born.replace(year=born.year - self.rng.choice((1, 2, 10)), day=min(born.day, 28))
        return self.date(born, form)

    def date(self, day: date, form: str = "%Y-%m-%d") -> str:
        """A date in the column's usual form, or another."""
        kind, usual = self.dirt.spin("date", self.rng.random()), day.strftime(form)
        written = smudges.DATE[kind](day) if kind else usual
        if kind and written != usual:
            self.marks.append(kind)
        return written

    def open_date(self, absent: str = "") -> str:
        """What stands where there is no date yet."""
        kind = self.dirt.spin("date_open", self.rng.random())
        if kind is None:
            return absent
        self.marks.append(kind)
        return smudges.OPEN_DATE[kind]

    def region(self, code: str, abolished: tuple[str, ...]) -> str:
        """A region code, at times one that was abolished."""
        return self.rng.choice(abolished) if self.strikes("code_abolished_region") else code

    def organisation_name(self, organisation: Organisation) -> str:
        """An organisation's name with brackets of either width."""
        name = organisation.name
        if "(" in name and self.strikes("organisation_brackets"):
            return name.replace("(", "（").replace(")", "）")
        return name

    def credit_code(self, organisation: Organisation) -> str:
        """A credit code, at times with letters O and I where digits 0 and 1 belong."""
        code = organisation.credit_code
        if self.strikes("organisation_credit_letters"):
            return code[:8] + code[8:].replace("0", "O", 2).replace("1", "I", 1)
        return code

    def yuan(self, fen: int) -> str:
        """An amount in 元."""
        if self.strikes("amount_words"):
            return f"{fen / 100:,.2f}元"
        return smudges.decimal_text(fen, 2)

    def wan(self, fen: int) -> str:
        """An amount in 万元, at times in 元 with the unit beside it."""
        if self.strikes("amount_yuan_for_wan"):
            return f"{fen / 100:,.2f}元"
        return smudges.decimal_text(fen, 6)

    def area(self, cm2: int, *, field: bool = False) -> str:
        """An area in ㎡; for fields at times in 亩 with the unit beside it."""
        if field and self.strikes("area_mu"):
            return f"{cm2 * 15 / 100000000:.2f}亩"
        return smudges.decimal_text(cm2, 4)

    def unit(self, unit: str) -> str:
        """A real-estate unit, at times spaced."""
        return smudges.spaced_unit(unit) if self.strikes("unit_spaced") else unit

    def certificate(self, certificate: str) -> str:
        """A certificate number, at times with full-width brackets and spaces, or only its digits."""
        if self.strikes("certificate_brackets"):
            return certificate.replace("(", "（").replace(")", "）").replace("第", " 第 ")
        if self.strikes("certificate_bare"):
            return certificate.removesuffix("号").rpartition("第")[2]
        return certificate

    def note(self, text: str = "") -> str:
        """A remark that may hold commas, quotation marks and a line break."""
        return '补录,"经核实",见附件' if self.strikes("file_quoted_comma") else text

    def absent(self) -> str:
        r"""What stands where there is nothing: empty, or ``\N`` from a careless export."""
        return "\\N" if self.strikes("file_null_marker") else ""


@dataclass(frozen=True)
class Clerk:
    """Writes a registry's rows, each with its own pen; some unusable rows are corrected on each of ``days``."""

    dirt: Dirt
    seed: int
    clean: frozenset[str]
    days: tuple[date, ...] = ()

    def write(
        self, identity: str, subjects: tuple[str, ...], write: Callable[[Pen], Row]
    ) -> tuple[Row, tuple[str, ...]]:
        """The row, and the kinds of dirt in it; rows about a ``clean`` subject have none."""
        dirt = _SPOTLESS if self.clean.intersection(subjects) else self.dirt
        pen = Pen(dirt, f"{self.seed}|{identity}")
        row = write(pen)
        if UNUSABLE.intersection(pen.marks) and self._is_corrected(identity):
            pen = Pen(_SPOTLESS, f"{self.seed}|{identity}")
            row = write(pen)
        return row, tuple(pen.marks)

    def _is_corrected(self, identity: str) -> bool:
        chances = (Random(f"{self.seed}|{day}|{identity}").random() for day in self.days)  # noqa: S311  # 〃
        return any(chance < _CORRECTED_A_DAY for chance in chances)


_SPOTLESS = Dirt.none()
