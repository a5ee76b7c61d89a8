"""What an upload is by its content, whatever its name says."""

import zipfile
from pathlib import PurePath
from typing import BinaryIO

from hub.errors import Malformed

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_SUFFIXES = {
    "application/pdf": {".pdf"},
    "image/jpeg": {".jpg", ".jpeg"},
    "image/png": {".png"},
    "image/tiff": {".tif", ".tiff"},
    DOCX: {".docx"},
    XLSX: {".xlsx"},
}


def media_type_of(file: BinaryIO) -> str | None:
    """The media type that the content has, None when it is none that is taken in."""
    file.seek(0)
    head = file.read(16)
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    return _office_type(file) if head.startswith(b"PK\x03\x04") else None


def _office_type(file: BinaryIO) -> str | None:
    try:
        file.seek(0)
        names = set(zipfile.ZipFile(file).namelist())
    except (zipfile.BadZipFile, RuntimeError, OSError, ValueError):  # RuntimeError: of a version yet to come
        return None
    if "[Content_Types].xml" not in names or any("vbaProject" in name for name in names):
        return None
    return DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else None


def require_media_type(file: BinaryIO, *, claimed: str, filename: str, allowed: tuple[str, ...]) -> str:
    """The media type of the content, when it is allowed and agrees with what was claimed and with the name.

    Raises:
        Malformed: ``cases.not-what-it-says`` or ``cases.type-not-taken``.
    """
    found = media_type_of(file)
    suffix = PurePath(filename).suffix.lower()
    misnamed = bool(suffix) and found is not None and suffix not in _SUFFIXES[found]
    if found is None or found not in allowed:
        raise Malformed(
            "cases.type-not-taken",
            f"The content is none of the types taken for this material: {', '.join(allowed)}.",
            f"该材料不接受这种文件类型；可用：{'、'.join(allowed)}。",
            allowed=list(allowed),
        )
    if found != claimed or misnamed:
        raise Malformed(
            "cases.not-what-it-says",
            f"The content is {found}; the upload says otherwise. Name it by its content.",
            f"文件内容是 {found}，与名称或声明的类型不符；请按内容命名。",
            found=found,
        )
    return found
