"""What happened in the demo, as figures that a script can read."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class RegistryFigures:
    """What one registry's adapter read and what the hub made of it."""

    read: int = 0
    accepted: int = 0
    unchanged: int = 0
    corrected: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    quarantined_by_reason: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class CaseFigures:
    """One case: what its matter lists and demands here, what nobody had to bring, what had to be brought.

    ``not_required`` says for each material that is listed but not demanded here why not; ``asked_again`` counts papers
    asked for although the same applicant brought that very kind for another matter of the demo.
    """

    matter: str
    materials_listed: int = 0
    materials_demanded: int = 0
    not_required: dict[str, str] = field(default_factory=dict)
    satisfied_without_asking: int = 0
    to_bring: int = 0
    open_questions: int = 0
    reused_from_another_matter: int = 0
    asked_again: int = 0
    outcome: str = ""
    reason: str | None = None


@dataclass
class Figures:
    """All figures of one run."""

    residents: int
    organisations: int
    seed: int
    registries: dict[str, RegistryFigures] = field(default_factory=dict)
    subjects: dict[str, int] = field(default_factory=dict)
    links: int = 0
    reviews: int = 0
    cases: dict[str, CaseFigures] = field(default_factory=dict)
    log_size: int = 0
    verification: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def write(self, path: Path) -> None:
        """The figures stand in ``path`` as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
