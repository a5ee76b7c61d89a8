"""Makes invented residents 居民: names, sex, birth dates and numbers."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from adapters.simulator import lexicon
from adapters.simulator.model import FEMALE, MALE, RESIDENT_ID, Person, Village
from adapters.simulator.numbers import NumberOffice

_UYGHUR = "05"


@dataclass(slots=True)
class Maker:
    """What making one village needs: the village so far, its chance and its number office."""

    village: Village
    rng: Random
    numbers: NumberOffice
    apart: frozenset[str] = frozenset()
    """Subjects to whom nothing may happen by chance."""

    def born(self, youngest: int, oldest: int) -> date:
        """A birth date that makes somebody ``youngest`` to ``oldest`` years old."""
        return self.village.on - timedelta(days=self.rng.randint(youngest * 366, oldest * 366 - 1))

    def person(self, sex: str, born: date, *, surname: str = "", ethnicity: str = "") -> Person:
        """A new resident in the village; the birth date may move by days when its numbers are used up."""
        rng = self.rng
        ethnicity = ethnicity or _ethnicity(rng)
        kind, number = RESIDENT_ID, ""
        if rng.random() < 0.005:
            kind, number = self.numbers.foreign_document(rng, born, sex)
        else:
            region = self.numbers.region_of_first_registration(rng)
            number, born = self.numbers.resident(born, sex, region)
        former_number = ""
        if kind == RESIDENT_ID and rng.random() < 0.003:
            former_number = self.numbers.resident(born, sex)[0]
        name = _name(rng, sex, surname, ethnicity)
        made = Person(
            id=f"person:{self.village.index:04d}-{len(self.village.people) + 1:05d}",
            name=name,
            sex=sex,
            born=born,
            number=number,
            ethnicity=ethnicity,
            document_kind=kind,
            former_name=_name(rng, sex, name[0], ethnicity) if rng.random() < 0.03 else "",
            former_number=former_number,
            phone=self.numbers.phone() if rng.random() < 0.75 else "",
        )
        self.village.people[made.id] = made
        return made

    def adult(self, youngest: int = 20, oldest: int = 60, sex: str = "") -> Person:
        """A new resident of full age."""
        return self.person(sex or self.rng.choice((MALE, FEMALE)), self.born(youngest, oldest))


def _ethnicity(rng: Random) -> str:
    return _UYGHUR if rng.random() < 0.01 else rng.choice(lexicon.ETHNICITIES)


def _name(rng: Random, sex: str, surname: str, ethnicity: str) -> str:
    if ethnicity == _UYGHUR:
        first = lexicon.MINORITY_FIRST_MALE if sex == MALE else lexicon.MINORITY_FIRST_FEMALE
        return f"{rng.choice(first)}·{rng.choice(lexicon.MINORITY_FATHER)}"
    if not surname:
        chance = rng.random()
        surname = rng.choice(lexicon.COMPOUND_SURNAMES) if chance < 0.003 else rng.choice(lexicon.SURNAMES)
    characters = lexicon.MALE_GIVEN if sex == MALE else lexicon.FEMALE_GIVEN
    chance = rng.random()
    if chance < 0.16:
        return surname + rng.choice(characters)
    if chance < 0.18:
        return surname + rng.choice(characters) + rng.choice(lexicon.RARE_GIVEN)
    if chance < 0.184:
        return surname + rng.choice(lexicon.BEYOND_BMP_GIVEN)
    return surname + rng.choice(characters) + rng.choice(characters)
