"""What an identifier 证件号码 is, once read: its kind, its normal form, and the facts that the number itself states."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from hub.kernel.checkdigits import resident_id_check


class IdentifierKind(StrEnum):
    """What a number names; the value is its stable code."""

    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"
    FOREIGN_PERMANENT = "foreign_permanent"
    TRAVEL_PERMIT = "travel_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PASSPORT = "passport"
    CREDIT_CODE = "credit_code"
    ORGANISATION_CODE = "organisation_code"
    REGISTRATION_NUMBER = "registration_number"
    OTHER = "other"


MASKED: Final = "number-masked"
SCIENTIFIC: Final = "number-in-scientific-notation"
ROUNDED: Final = "number-rounded-by-spreadsheet"
MAYBE_ROUNDED: Final = "number-maybe-rounded"
PLACEHOLDER: Final = "number-placeholder"
SEVERAL: Final = "number-several-in-cell"
CHECK_DIGIT: Final = "number-check-digit"
IMPOSSIBLE_BIRTH: Final = "number-birth-date-impossible"
UNKNOWN_REGION: Final = "number-region-unknown"
FIFTEEN_DIGITS: Final = "number-15-digits"
CENTURY: Final = "number-century-uncertain"
LENGTH: Final = "number-length"
REPAIRED: Final = "number-letter-for-digit"
STAR: Final = "number-star-for-x"
BY_FORM: Final = "number-kind-by-form-only"
CONTRADICTS_KIND: Final = "number-contradicts-document-kind"
UNUSUAL_PREFIX: Final = "number-credit-prefix-unusual"
CONTRADICTS_BIRTH: Final = "number-contradicts-birth-date"
CONTRADICTS_SEX: Final = "number-contradicts-sex"

_DOCUMENT_KINDS: Final = {
    IdentifierKind.RESIDENT_ID: "111",
    IdentifierKind.FOREIGN_PERMANENT: "553",
    IdentifierKind.TRAVEL_PERMIT: "516",
    IdentifierKind.TAIWAN_PERMIT: "511",
    IdentifierKind.PASSPORT: "414",
    IdentifierKind.CREDIT_CODE: "001",
    IdentifierKind.ORGANISATION_CODE: "099",
    IdentifierKind.REGISTRATION_NUMBER: "099",
    IdentifierKind.OTHER: "999",
}
_STATES_HOLDER: Final = frozenset(
    {IdentifierKind.RESIDENT_ID, IdentifierKind.RESIDENCE_PERMIT, IdentifierKind.FOREIGN_PERMANENT}
)
_EIGHTEEN: Final = 18
_EARLIEST, _LATEST = 1850, 2099


@dataclass(frozen=True, slots=True)
class Identifier:
    """One number in normal form; ``valid`` when its form, its check character and its birth date hold."""

    kind: IdentifierKind
    value: str
    valid: bool
    flags: tuple[str, ...] = ()

    @property
    def document_kind(self) -> str:
        """The canonical code of the document (GB/T 36903 and the codes agreed beside it)."""
        if self.kind is IdentifierKind.RESIDENCE_PERMIT:
            return "552" if self.value.startswith("83") else "551"
        return _DOCUMENT_KINDS[self.kind]

    @property
    def family(self) -> IdentifierKind:
        """The kind of which nobody has two: a residence permit bears a citizen's number like a resident ID."""
        return IdentifierKind.RESIDENT_ID if self.kind is IdentifierKind.RESIDENCE_PERMIT else self.kind

    @property
    def key(self) -> str:
        """What stays the same when the document is reissued: of a travel permit the first nine characters."""
        return self.value[:9] if self.kind is IdentifierKind.TRAVEL_PERMIT else self.value


@lru_cache(maxsize=65536)
def date_of_digits(eight: str) -> date | None:
    """The day that YYYYMMDD names, when somebody now on record can be born on it."""
    try:
        born = date(int(eight[:4]), int(eight[4:6]), int(eight[6:]))
    except ValueError:
        return None
    return born if _EARLIEST <= born.year <= _LATEST else None


def to_18_digits(fifteen: str) -> str:
    """A first-generation number of 15 digits as the 18 it became: 19 after the sixth, check digit behind."""
    longer = f"{fifteen[:6]}19{fifteen[6:]}"
    return longer + resident_id_check(longer)


def birth_date_in(identifier: Identifier) -> date | None:
    """The birth date that the number states; None for kinds that state none, or an impossible one."""
    if identifier.kind not in _STATES_HOLDER or len(identifier.value) != _EIGHTEEN:
        return None
    return date_of_digits(identifier.value[6:14])


def sex_in(identifier: Identifier) -> str | None:
    """``1`` or ``2`` as the number states it, None for kinds that do not."""
    if (
        identifier.kind not in _STATES_HOLDER
        or len(identifier.value) != _EIGHTEEN
        or not identifier.value[16].isdigit()
    ):
        return None
    return "1" if int(identifier.value[16]) % 2 else "2"


def region_in(identifier: Identifier) -> str | None:
    """The six-digit region that the number was given in; None for kinds that state none."""
    if identifier.kind in (IdentifierKind.RESIDENT_ID, IdentifierKind.RESIDENCE_PERMIT):
        return identifier.value[:6] if len(identifier.value) == _EIGHTEEN else None
    return identifier.value[2:8] if identifier.kind is IdentifierKind.CREDIT_CODE else None


def organisation_code_in(identifier: Identifier) -> str | None:
    """The organisation code that joins old to new records: of a credit code its characters 9 to 17."""
    if identifier.kind is IdentifierKind.CREDIT_CODE and len(identifier.value) == _EIGHTEEN:
        return identifier.value[8:17]
    return identifier.value if identifier.kind is IdentifierKind.ORGANISATION_CODE else None


def contradictions(
    identifier: Identifier, *, sex: str | None = None, birth_date: date | None = None
) -> tuple[str, ...]:
    """Flags for what the row beside the number denies of what the number states."""
    stated_birth, stated_sex = birth_date_in(identifier), sex_in(identifier)
    flags: list[str] = []
    if stated_birth and birth_date and stated_birth != birth_date:
        flags.append(CONTRADICTS_BIRTH)
    if stated_sex and sex in ("1", "2") and stated_sex != sex:
        flags.append(CONTRADICTS_SEX)
    return tuple(flags)
