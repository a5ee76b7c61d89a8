"""Why a row cannot be used: a stable code, and a sentence for its owner in both languages, without personal data."""

from typing import Final

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "row.required-empty": (
        "The column is empty and the record means nothing without it.",
        "该列为空，缺少则登记信息无意义。",
    ),
    "row.code-unknown": (
        "The code is not in the table of this column; correct it or add it to the mapping.",
        "代码不在该列代码表中；请更正或补充映射。",
    ),
    "row.unreadable": (
        "The cell cannot be read as what this column holds.",
        "单元格内容无法按该列要求识别。",
    ),
    "row.open-date": (
        "A day is needed and the cell says for ever.",
        "应填具体日期，单元格为长期。",
    ),
    "row.encoding": (
        "The line is neither UTF-8 nor GB18030; export it again.",
        "该行既非 UTF-8 也非 GB18030 编码；请重新导出。",
    ),
    "row.line-too-long": (
        "The line holds more than a million bytes; a line break is missing or a cell has swallowed others.",
        "该行超过一百万字节；可能缺少换行或单元格吞并了其他内容。",
    ),
    "row.broken-text": (
        "A cell holds what is no character: half a character, or bytes in no encoding.",
        "单元格含有无法识别的字符。",
    ),
    "row.quote": (
        "A quotation mark is opened and never closed.",
        "引号未闭合。",
    ),
    "row.column-count": (
        "The row has another number of cells than the header.",
        "该行列数与表头不符。",
    ),
    "row.not-an-object": (
        "The interface returned something that is no record.",
        "接口返回的不是记录。",
    ),
    "row.formula": (
        "The cell holds a formula without a stored result; save the workbook with values.",
        "单元格为未计算的公式；请以数值保存。",
    ),
    "row.incomplete": (
        "The other half of the record is missing: no row has the same unit and certificate.",
        "缺少对应记录：没有单元号与证号相同的另一半。",
    ),
    "row.join-empty": (
        "Unit or certificate is empty, so the other half cannot be found.",
        "单元号或证号为空，无法关联。",
    ),
    "row.holders-unpaired": (
        "Names and numbers of the co-owners differ in count, so whose is which stays open.",
        "共有人姓名与证件号数量不符，无法对应。",
    ),
    "row.name-missing": (
        "Neither name nor number says who this is.",
        "姓名与证件号均缺失，无法确定是谁。",
    ),
    "row.key-empty": (
        "Every key column is empty.",
        "主键列均为空。",
    ),
    "row.form": (
        "The record does not fit the form of its evidence type.",
        "登记信息不符合凭证类型的格式。",
    ),
}


class UnusableRow(Exception):
    """A row that goes back to its owner: ``code`` for programs, two sentences for people, ``column`` where to look."""

    def __init__(self, code: str, column: str = "") -> None:
        super().__init__(f"{code} {column}".strip())
        self.code = code
        self.column = column
        self.en, self.zh = _SENTENCES[code]

    def line(self) -> dict[str, str]:
        """The finding as a batch carries it."""
        return {"code": self.code, "column": self.column, "en": self.en, "zh": self.zh}
