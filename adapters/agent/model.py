"""What a push tells: how far it is while it runs, and what became of every row when it ends."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Stage = Literal["read", "push"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is: rows read, lines pushed, rows a second since it began."""

    registry: str
    export: str
    stage: Stage
    rows: int
    rate: float


Tell = Callable[[Progress], None]


@dataclass
class ExportReport:
    """What became of one export.

    Every row read is counted once: ``read == prepared + unusable + corrected``; ``prepared`` rows were pushed or were
    live at the hub already. Rows that are no records stand in ``skipped`` by kind. ``unusable_rows`` says of the first
    that go back where they stand and why, without anything of what they hold.
    """

    export: str
    tables: list[str] = field(default_factory=list)
    read: int = 0
    prepared: int = 0
    unusable: int = 0
    corrected: int = 0
    unchanged: int = 0
    accepted: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    duplicates: int = 0
    duplicate_rows: list[int] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unusable_rows: list[dict[str, Any]] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    unknown_columns: list[str] = field(default_factory=list)
    batches: int = 0
    subjects_new: int = 0
    links: int = 0
    reviews: int = 0
    withheld: int = 0
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """True when every row read is accounted for."""
        return self.read == self.prepared + self.unusable + self.corrected

    def to_json(self) -> dict[str, Any]:
        """The figures by name; ``asdict`` would count a Counter's pairs instead of copying it."""
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}


@dataclass
class PushReport:
    """What became of one run of an adapter; ``missing`` names exports of the registry that the source does not hold."""

    registry: str
    exports: list[ExportReport] = field(default_factory=list)
    ignored: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    status_lists: int = 0
    seconds: float = 0.0

    def total(self, name: str) -> int:
        """The sum of one figure over the exports."""
        return sum(getattr(export, name) for export in self.exports)

    @property
    def read(self) -> int:
        """Rows read."""
        return self.total("read")

    @property
    def accepted(self) -> int:
        """Records that the hub took in as new or changed."""
        return self.total("accepted")

    @property
    def withdrawn(self) -> int:
        """Records that the hub took back."""
        return self.total("withdrawn")

    @property
    def unusable(self) -> int:
        """Rows that went back to their owner."""
        return self.total("unusable")

    @property
    def reasons(self) -> dict[str, int]:
        """Why rows went back, by code."""
        return dict(sum((export.reasons for export in self.exports), Counter[str]()))

    def to_json(self) -> dict[str, Any]:
        """The report as figures and codes; it holds nothing personal."""
        return {
            "registry": self.registry,
            "read": self.read,
            "accepted": self.accepted,
            "withdrawn": self.withdrawn,
            "unusable": self.unusable,
            "reasons": self.reasons,
            "exports": [export.to_json() for export in self.exports],
            "ignored": self.ignored,
            "status_lists": self.status_lists,
            "missing": self.missing,
            "seconds": round(self.seconds, 3),
        }
