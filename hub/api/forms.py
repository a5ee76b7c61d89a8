"""Uploads as multipart/form-data, read in memory: a paper never lies unsealed on a disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from hub.api.problems import too_large
from hub.api.strict import require_content_type
from hub.errors import Malformed

MAX_FIELDS: Final = 8
MAX_FIELD_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class Upload:
    """One file and the fields beside it."""

    fields: Mapping[str, str]
    media_type: str
    filename: str = field(repr=False)
    content: bytes = field(repr=False)

    def require(self, name: str) -> str:
        """The field of that name.

        Raises:
            Malformed: it is not there.
        """
        if (value := self.fields.get(name)) is None:
            raise Malformed(
                "api.missing-field",
                "A field of the form is missing; `field` names it.",
                "表单缺少字段，见 field。",
                field=name,
            )
        return value


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40


async def upload_in(request: Request, *, limit: int) -> Upload:
    """The one file of the form, at most ``limit`` bytes, and its fields.

    Raises:
        Malformed: another form, no file, several files, a field twice, or too large.
        Refused: not multipart/form-data.
    """
    require_content_type(request, "multipart/form-data")
    parser = _InMemory(
        request.headers, request.stream(), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise _unreadable() from None
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    if len(files) != 1 or len(fields) + 1 != len(form.multi_items()) or any("\x00" in text for text in fields.values()):
        raise _unreadable()
    content = await files[0].read()
    await files[0].close()
    if len(content) > limit:
        raise too_large(limit)
    media_type = (files[0].content_type or "").partition(";")[0].strip().lower()
    return Upload(fields, media_type, files[0].filename or "", content)


def _unreadable() -> Malformed:
    return Malformed(
        "api.bad-form",
        "Send one file and each field once, as multipart/form-data.",
        "请以 multipart/form-data 提交一个文件，各字段一次。",
    )
