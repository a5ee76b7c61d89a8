"""Every way the hub says no, in six families that tell the caller what kind of thing to do next.

A leaf states one fact under a stable code (``room.fact-in-kebab``) with a sentence in English and, where people read
it, in Chinese 中文. The sentences hold no personal data. Status and exit codes are given at the doors only.
"""

from typing import ClassVar

Fact = str | int | bool | None | list[str] | list[int]


class HubError(Exception):
    """One refusal: ``code`` for programs, ``en`` and ``zh`` for people, ``facts`` for both."""

    family: ClassVar[str] = "broken"

    def __init__(self, code: str, en: str, zh: str = "", **facts: Fact) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.en = en
        self.zh = zh
        self.facts = facts


class Malformed(HubError):
    """The input cannot be what it claims to be; send it again corrected."""

    family = "malformed"


class Refused(HubError):
    """The input is understood and not allowed."""

    family = "refused"


class Missing(HubError):
    """What the input points at does not exist here, or not for this caller."""

    family = "missing"


class Conflict(HubError):
    """The input contradicts what is already kept; read the current state first."""

    family = "conflict"


class Unavailable(HubError):
    """Something this needs is away for now; the same call may succeed later."""

    family = "unavailable"


class Broken(HubError):
    """What is stored contradicts itself; an operator must look."""

    family = "broken"
