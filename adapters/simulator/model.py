"""What is true in the simulated county: people, households, marriages, deaths, homes, organisations."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

MALE: Final = "1"
FEMALE: Final = "2"
RESIDENT_ID: Final = "111"


@dataclass(frozen=True, slots=True)
class Person:
    """One resident 居民; ``number`` is the one in force, ``former_number`` an equally valid one before a correction."""

    id: str
    name: str
    sex: str
    born: date
    number: str
    ethnicity: str = "01"
    document_kind: str = RESIDENT_ID
    former_name: str = ""
    former_number: str = ""
    phone: str = ""
    household: int = -1

    @property
    def earlier_number(self) -> str:
        """The number that registries filled in long ago still hold."""
        return self.former_number or self.number

    def age_on(self, day: date) -> int:
        """Full years of life."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, slots=True)
class Household:
    """One household 户: who lives together, and as what (GB/T 4761) to its head."""

    index: int
    head: str
    members: tuple[tuple[str, str], ...]
    address: str
    grid: str
    aid: "Aid | None" = None


@dataclass(frozen=True, slots=True)
class Aid:
    """Minimum living allowance 低保 of a household, from ``since`` until before ``until`` (month starts)."""

    certificate: str
    since: date
    category: str
    top_up_fen: int
    extra_fen: int
    account: str
    bank: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MarriageEvent:
    """A registration: IA marriage, IB divorce, IC reissue. A court's divorce is true but not registered."""

    id: str
    kind: str
    certificate: str
    on: date
    man: str
    woman: str
    changed_at: datetime
    registered: bool = True


@dataclass(frozen=True, slots=True)
class Death:
    """A death as funeral house and police saw it; ``reversed_on`` when it turned out to be wrong."""

    id: str
    person: str
    on: date
    cause: str
    in_funeral: bool = True
    in_police: bool = True
    known_on: date | None = None
    reversed_on: date | None = None
    corrected_on: date | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """A right in real estate 不动产权利 and its holders (of both kinds); ``current`` until transferred."""

    unit: str
    certificate: str
    business: str
    kind: str
    holders: tuple[str, ...]
    location: str
    area_cm2: int
    price_fen: int
    registered_on: date
    reason: str
    current: bool = True
    shares: bool = False


@dataclass(frozen=True, slots=True)
class Organisation:
    """A legal person 法人 or branch; the social ones are registered with civil affairs."""

    id: str
    name: str
    kind: str
    credit_code: str
    organisation_code: str
    registration_number: str
    representative: str
    address: str
    phone: str
    founded: date
    capital_fen: int
    scope: str
    supervisor: str = ""
    branch_of: str = ""
    status: str = "正常"
    ended_on: date | None = None

    @property
    def is_social(self) -> bool:
        """Whether civil affairs keeps it: association 社团, service body 民非, foundation 基金会."""
        return self.kind in ("51", "52", "53")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened between two states of the registries."""

    kind: str
    on: date
    subjects: tuple[str, ...]


@dataclass(slots=True)
class Village:
    """The part of the county that is in memory at a time, and its whole truth."""

    index: int
    on: date
    people: dict[str, Person] = field(default_factory=dict)
    households: list[Household] = field(default_factory=list)
    marriages: list[MarriageEvent] = field(default_factory=list)
    deaths: dict[str, Death] = field(default_factory=dict)
    rights: list[Right] = field(default_factory=list)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    days: tuple[date, ...] = ()

    def is_alive(self, person: str) -> bool:
        """No death, or one that was taken back."""
        death = self.deaths.get(person)
        return death is None or death.reversed_on is not None

    def spouses(self) -> dict[str, str]:
        """Each person's spouse by the last marriage that no divorce ended; whether the spouse lives is not asked."""
        found: dict[str, str] = {}
        for event in self.marriages:
            for person, spouse in ((event.man, event.woman), (event.woman, event.man)):
                if event.kind == "IA":
                    found[person] = spouse
                elif event.kind == "IB":
                    found.pop(person, None)
        return found
