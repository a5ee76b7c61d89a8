"""The catalogue 目录 written out for people and programs: YAML, JSON or a workbook, each read back to the same."""

import json
from enum import StrEnum

import yaml

from hub.catalogue.codec import document_of
from hub.catalogue.model import Catalogue
from hub.catalogue.workbook import workbook_of
from hub.errors import Malformed


class Form(StrEnum):
    """The forms a catalogue is exchanged in; also the file's suffix."""

    yaml = "yaml"
    json = "json"
    xlsx = "xlsx"


def form_of(suffix: str) -> Form:
    """The form a file's suffix names.

    Raises:
        Malformed: none.
    """
    found = suffix.lower().removeprefix(".").replace("yml", "yaml")
    if found not in set(Form):
        raise Malformed(
            "catalogue.unknown-form", "Name the file .yaml, .json or .xlsx.", "文件名须以 .yaml、.json 或 .xlsx 结尾。"
        )
    return Form(found)


def written(catalogue: Catalogue, form: Form) -> bytes:
    """The whole catalogue in that form."""
    if form is Form.xlsx:
        return workbook_of(catalogue)
    document = document_of(catalogue)
    if form is Form.json:
        return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120).encode()
