"""Where a table stands: the names around it, the digest of its file, the places of its key columns."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised
from hub.kernel.clock import LOCAL

_BLOCK: Final = 1 << 20
_DAYS: Final = ("date", "month")


def around_file(path: Path) -> dict[str, str]:
    """Names and day of the file, read where the table itself does not say its month."""
    modified = datetime.fromtimestamp(path.stat().st_mtime, LOCAL)
    return {"@file": path.stem, "@folder": path.parent.name, "@modified": modified.date().isoformat()}


def file_digest(path: Path) -> str:
    """Half of the SHA-256 of the file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:32]


def day_places(mapping: RegistryMapping, recognised: Recognised) -> frozenset[int]:
    """Where the columns stand that are read as days or months."""
    claims = mapping.exports[recognised.export].claims
    return _places({column for one in claims if one.reader in _DAYS for column in one.columns}, recognised)


def member_places(mapping: RegistryMapping, recognised: Recognised) -> frozenset[int]:
    """Where the columns stand in which the members of a household are told, one below the other or packed."""
    claims = [one for one in mapping.exports[recognised.export].claims if one.reader == "members"]
    return _places({column for one in claims for column in (*one.columns, *one.packed.values())}, recognised)


def _places(columns: Collection[str], recognised: Recognised) -> frozenset[int]:
    prefix = f"{recognised.part}." if recognised.part else ""
    return frozenset(place for column, place in recognised.places.items() if f"{prefix}{column}" in columns)


def key_places(mapping: RegistryMapping, recognised: Recognised) -> Mapping[str, int]:
    """Where the columns stand by which the table was recognised and its records are named."""
    export = mapping.exports[recognised.export]
    prefix = f"{recognised.part}." if recognised.part else ""
    names = {column.removeprefix(prefix) for column in export.key}
    required = {column.removeprefix(prefix) for claim in export.claims if claim.is_required for column in claim.columns}
    return {column: place for column, place in recognised.places.items() if column in names | required}
