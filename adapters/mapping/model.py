"""A mapping 映射: how one registry's columns and code values become the standard form, as values that never change."""

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["full", "delta"]
Repeat = Literal["duplicate", "corrects"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the standard form: from which columns, read as what."""

    path: tuple[str, ...]
    columns: tuple[str, ...]
    reader: str = "text"
    codes: str | None = None
    unit: str | None = None
    is_required: bool = False
    order: str = "ymd"
    kind_column: str | None = None
    kinds: str | None = None
    fallback: str | None = None
    packed: AnyMapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path as text: ``man.number``."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of table or file that an export consists of, and how to tell it by its columns."""

    name: str
    columns: AnyMapping[str, tuple[str, ...]]
    recognised_by: tuple[tuple[str, ...], ...]
    tables: tuple[str, ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Two parts joined by columns that are brought to one form first."""

    base: str
    other: str
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of record that a registry gives out."""

    name: str
    evidence: str
    mode: Mode
    key: tuple[str, ...]
    parts: AnyMapping[str, Part]
    claims: tuple[Claim, ...]
    repeat: Repeat = "duplicate"
    join: Join | None = None
    snapshot: str | None = None
    updated: str | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """How the signed, paged interface is called; address and secrets come with the source."""

    secret_path: str = "/sysapi/auth/refreshappsecret"  # noqa: S105 - a path, not a secret
    page_size: int = 100
    timeout_seconds: int = 30
    rid: str = ""
    sid: str = ""
    appkey: str = ""
    rows: str = "data"
    start: str = "start"
    limit: str = "limit"
    since: str = "updated_since"
    updated: str = "updated_at"
    signed: bool = True
    check_total: bool = True


@dataclass(frozen=True, slots=True)
class Files:
    """How files are read when their own bytes leave it open."""

    encoding: str = "auto"
    delimiter: str = "auto"
    header_rows: int = 20


@dataclass(frozen=True, slots=True)
class Tables:
    """How database tables are read."""

    page_size: int = 5000
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """Everything that makes the generic reader the adapter of one registry."""

    registry: str
    department: str
    exports: AnyMapping[str, Export]
    codes: AnyMapping[str, AnyMapping[str, str]]
    rest: Rest = Rest()
    files: Files = Files()
    tables: Tables = Tables()
    digest: str = ""
    raw: AnyMapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
