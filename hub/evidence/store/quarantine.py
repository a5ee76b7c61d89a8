"""What could not be used 问题数据: kept sealed until its owner corrects it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from hub.evidence.model import Manifest, QuarantineItem, Unusable
from hub.evidence.store.held import Vault
from hub.proof.encoding import b64url
from hub.storage.statements import cursor_of

PAGE = 1_000

_KEEP = """INSERT INTO quarantine
 (registry_id, export, fingerprint, record, batch, line, "row", code, column_name, sealed, kept_at)
 VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
 ON CONFLICT (registry_id, export, fingerprint) DO UPDATE SET record = excluded.record, batch = excluded.batch,
 line = excluded.line, "row" = excluded."row", code = excluded.code, column_name = excluded.column_name,
 sealed = excluded.sealed"""


class QuarantineStore:
    """Records put aside, in one session."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    def keep(self, manifest: Manifest, lines: Iterable[Unusable], seen: Counter[str], now: datetime) -> None:
        """The lines are put aside under their records, or under what they held; the same again is not doubled.

        ``seen`` counts what this batch has put aside so far, so that two equal rows are two items.
        """
        rows = []
        for each in lines:
            content = orjson.dumps({"en": each.en, "zh": each.zh, "raw": each.raw})
            key = each.record or "~" + b64url(self._vault.blinder.key("quarantine", content.decode()))
            seen[key] += 1
            fingerprint = key if seen[key] == 1 else f"{key}:{seen[key]}"
            place = _place(manifest.registry, manifest.export, fingerprint)
            rows.append(
                (
                    manifest.registry,
                    manifest.export,
                    fingerprint,
                    each.record,
                    manifest.sequence,
                    each.line,
                    each.row,
                    each.code,
                    each.column,
                    self._vault.keyring.seal(content, context=place),
                    now,
                )
            )
        cursor_of(self._session).executemany(_KEEP, rows)

    def release(self, manifest: Manifest, records: Sequence[str]) -> None:
        """Those records of the export are no longer put aside: their owner corrected or withdrew them."""
        cursor_of(self._session).execute(
            "DELETE FROM quarantine WHERE registry_id = %s AND export = %s AND record = ANY(%s)",
            [manifest.registry, manifest.export, list(records)],
        )

    def release_before(self, manifest: Manifest) -> None:
        """Nothing of the export is put aside but what this batch put aside: it told everything there is."""
        cursor_of(self._session).execute(
            "DELETE FROM quarantine WHERE registry_id = %s AND export = %s AND batch < %s",
            [manifest.registry, manifest.export, manifest.sequence],
        )

    def count(self, registry: str) -> int:
        """How many records of the registry are put aside."""
        cursor = cursor_of(self._session)
        cursor.execute("SELECT count(*) FROM quarantine WHERE registry_id = %s", [registry])
        return int(cursor.fetchall()[0][0])

    def items(self, registry: str, *, offset: int = 0, limit: int = PAGE) -> list[QuarantineItem]:
        """A page of what is put aside, by export, batch and line, opened for its owner."""
        cursor = cursor_of(self._session)
        cursor.execute(
            'SELECT export, batch, line, "row", record, code, column_name, kept_at, fingerprint, sealed'
            " FROM quarantine WHERE registry_id = %s ORDER BY export, batch, line, fingerprint LIMIT %s OFFSET %s",
            [registry, limit, offset],
        )
        return [self._item(registry, row) for row in cursor.fetchall()]

    def _item(self, registry: str, row: Sequence[Any]) -> QuarantineItem:
        export, batch, line, place, record, code, column, kept_at, fingerprint, sealed = row
        told = orjson.loads(self._vault.keyring.open(sealed, context=_place(registry, export, fingerprint)))
        return QuarantineItem(
            export=export,
            sequence=batch,
            line=line,
            row=place,
            record=record,
            code=code,
            column=column,
            en=told["en"],
            zh=told["zh"],
            raw=told["raw"],
            kept_at=kept_at,
        )


def _place(registry: str, export: str, fingerprint: str) -> str:
    return f"quarantine|{registry}|{export}|{fingerprint}"
