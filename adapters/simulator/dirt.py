"""How dirty the registries are: every kind of dirt of the field with the share of cells or rows that it befalls."""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from hub.errors import Malformed

USUAL: Final[Mapping[str, float]] = {
    # numbers: share of all numbers written
    "id_fifteen_digits": 0.012,
    "id_full_width": 0.006,
    "id_spaces": 0.008,
    "id_tab": 0.004,
    "id_apostrophe": 0.006,
    "id_excel_float": 0.004,
    "id_excel_zeros": 0.004,
    "id_masked": 0.006,
    "id_placeholder": 0.006,
    "id_missing": 0.008,
    "id_two_in_one": 0.004,
    "id_wrong_check": 0.008,
    "id_of_another": 0.003,
    # share of the numbers that end in X
    "id_lower_x": 0.05,
    "id_cyrillic_x": 0.04,
    "id_star_for_x": 0.04,
    # share of rows with birth date and sex
    "id_contradicts_birth": 0.005,
    "id_contradicts_sex": 0.005,
    # names
    "name_inner_space": 0.012,
    "name_ideographic_space": 0.008,
    "name_former_in_brackets": 0.3,
    "name_traditional": 0.01,
    "name_truncated": 0.004,
    "name_homophone": 0.012,
    "name_rare_character": 0.25,
    "name_dot": 0.5,
    # codes and dates: share of cells not in the column's usual form
    "code_sex_form": 0.04,
    "code_ethnicity_form": 0.05,
    "code_abolished_region": 0.01,
    "date_compact": 0.01,
    "date_unpadded": 0.01,
    "date_slashes": 0.01,
    "date_month_only": 0.003,
    "date_chinese": 0.008,
    "date_with_time": 0.008,
    "date_serial": 0.006,
    "date_none_1900": 0.3,
    "date_open_9999": 0.3,
    "date_open_words": 0.3,
    "date_impossible": 0.002,
    "date_death_before_birth": 0.04,
    # organisations
    "organisation_brackets": 0.4,
    "organisation_code_only": 0.08,
    "organisation_credit_letters": 0.04,
    # real estate
    "unit_spaced": 0.05,
    "certificate_brackets": 0.05,
    "certificate_bare": 0.008,
    # amounts and files
    "amount_words": 0.03,
    "amount_yuan_for_wan": 0.04,
    "area_mu": 0.3,
    "file_null_marker": 0.05,
    "file_quoted_comma": 0.05,
    # meaning: share of those to whom it can happen
    "meaning_married_after_death": 0.04,
    "meaning_aid_to_the_dead": 0.7,
    "meaning_dead_in_roster": 0.2,
    "meaning_co_owners_packed": 0.25,
    "meaning_marital_outdated": 0.05,
    "meaning_nameless_dead": 0.04,
    # records
    "record_duplicate": 0.003,
    "record_required_missing": 0.004,
    "record_right_without_holder": 0.004,
    "record_holder_without_right": 0.004,
}
"""Kind of dirt → usual rate."""

UNUSABLE: Final = frozenset({"record_required_missing", "date_impossible", "record_holder_without_right"})
"""Dirt that keeps a record from being used until its owner corrects it."""

_WHEELS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": (
        "id_fifteen_digits",
        "id_full_width",
        "id_spaces",
        "id_tab",
        "id_apostrophe",
        "id_excel_float",
        "id_excel_zeros",
        "id_masked",
        "id_placeholder",
        "id_missing",
        "id_two_in_one",
        "id_wrong_check",
    ),
    "number_x": ("id_lower_x", "id_cyrillic_x", "id_star_for_x"),
    "name": ("name_inner_space", "name_ideographic_space", "name_traditional", "name_truncated", "name_homophone"),
    "date": (
        "date_compact",
        "date_unpadded",
        "date_slashes",
        "date_month_only",
        "date_chinese",
        "date_with_time",
        "date_serial",
        "date_impossible",
    ),
    "date_open": ("date_none_1900", "date_open_9999", "date_open_words"),
}


@dataclass(frozen=True)
class Dirt:
    """A profile: rates by kind of dirt, the usual ones by default."""

    rates: Mapping[str, float] = field(default_factory=lambda: USUAL)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.rates) - set(USUAL))
        if unknown or not all(0 <= rate <= 1 for rate in self.rates.values()):
            raise Malformed(
                "simulator.unknown-dirt",
                "A dirt profile gives known kinds a rate between 0 and 1.",
                "脏数据配置只能为已知类别给出 0 到 1 之间的比例。",
                unknown=unknown,
            )
        object.__setattr__(self, "_wheels", {name: _wheel(kinds, self.rates) for name, kinds in _WHEELS.items()})

    @classmethod
    def none(cls) -> "Dirt":
        """Spotless registries."""
        return cls({})

    def scaled(self, factor: float) -> "Dirt":
        """Every rate times ``factor``, at most 1."""
        return Dirt({kind: min(1.0, rate * factor) for kind, rate in self.rates.items()})

    def with_rates(self, **rates: float) -> "Dirt":
        """This profile with some rates replaced."""
        return Dirt({**self.rates, **rates})

    def rate(self, kind: str) -> float:
        """The rate of one kind."""
        return self.rates.get(kind, 0.0)

    def spin(self, wheel: str, chance: float) -> str | None:
        """Which of a group's kinds befalls a cell, given an even chance in [0, 1)."""
        bounds, kinds = self._wheels[wheel]  # type: ignore[attr-defined]  # set once, above
        place = bisect(bounds, chance)
        return kinds[place] if place < len(kinds) else None


def _wheel(kinds: Sequence[str], rates: Mapping[str, float]) -> tuple[list[float], Sequence[str]]:
    return list(accumulate(rates.get(kind, 0.0) for kind in kinds)), kinds
