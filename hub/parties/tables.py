"""Where parties and their keys are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from hub.parties.model import PartyKind
from hub.storage.metadata import Row

_KINDS = ", ".join(f"'{kind.value}'" for kind in PartyKind)


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=DateTime(timezone=True), nullable=nullable)


class PartyRow(Row, table=True):
    """One institution."""

    __tablename__ = "party"
    __table_args__ = (CheckConstraint(f"kind IN ({_KINDS})", name="kind"),)

    party_id: str = Field(primary_key=True)
    name: str
    name_zh: str
    kind: str
    registry_id: str | None = Field(default=None, unique=True)
    is_active: bool = True
    registered_at: datetime = _instant()


class PartyKeyRow(Row, table=True):
    """One key of a party, never deleted: an old signature is judged by it."""

    __tablename__ = "party_key"

    party_id: str = Field(primary_key=True)
    kid: str = Field(primary_key=True)
    jwk: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    valid_from: datetime = _instant()
    valid_until: datetime | None = _instant(nullable=True)
    revoked_at: datetime | None = _instant(nullable=True)
    revoked_reason: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    compromised_since: datetime | None = _instant(nullable=True)
    log_size: int | None = Field(default=None, sa_type=BigInteger)


class UsedMessageRow(Row, table=True):
    """A (``iss``, ``jti``) that was taken once; forgotten when the message would have expired anyway."""

    __tablename__ = "party_used_message"
    __table_args__ = (Index(None, "expires_at"),)

    party_id: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires_at: datetime = _instant()
