"""Why a row cannot be used: a stable code, and a sentence for its owner in both languages, without personal data."""

from typing import Final

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "row.required-empty": (
        "The column is empty and the record means nothing without it; fill it in.",
        "该列为空，缺少则登记信息无意义；请补填。",
    ),
    "row.code-unknown": (
        "The code is not in the table of this column; correct it or add it to the mapping.",
        "代码不在该列代码表中；请更正或补充映射。",
    ),
    "row.unreadable": (
        "The cell cannot be read as what this column holds; correct it.",
        "单元格内容无法按该列要求识别；请更正。",
    ),
    "row.open-date": (
        "A day is needed and the cell says for ever; enter the day.",
        "应填具体日期，单元格为长期；请填日期。",
    ),
    "row.encoding": (
        "The line holds bytes that are neither UTF-8 nor GB18030; enter the cell again, or export the file again.",
        "该行含有既非 UTF-8 也非 GB18030 编码的字节；请重新录入该单元格或重新导出。",
    ),
    "row.line-too-long": (
        "The line holds more than a million bytes; a line break is missing or a cell has swallowed others.",
        "该行超过一百万字节；可能缺少换行或单元格吞并了其他内容。",
    ),
    "row.broken-text": (
        "A cell holds what is no character: half a character of UTF-16, or bytes in no encoding; enter it again.",
        "单元格含有无法识别的字符（如 UTF-16 的半个字符）；请重新录入。",
    ),
    "row.quote": (
        "A quotation mark is opened and never closed; close it or take it away.",
        "引号未闭合；请闭合或删除。",
    ),
    "row.column-count": (
        "The row has another number of cells than the header; look for a separator inside a cell, or a missing one.",
        "该行列数与表头不符；请检查单元格内的分隔符或缺失的分隔符。",
    ),
    "row.not-an-object": (
        "The interface returned something that is no record; ask those who run it to correct it.",
        "接口返回的不是记录；请接口维护方更正。",
    ),
    "row.formula": (
        "The cell is empty, or holds a formula without a stored result; save the workbook with values.",
        "单元格为空或为未计算的公式；请以数值保存。",
    ),
    "row.incomplete": (
        "The other half of the record is missing: no row has the same unit and certificate; add it, or correct them.",
        "缺少对应记录：没有单元号与证号相同的另一半；请补充或更正。",
    ),
    "row.join-empty": (
        "Unit or certificate is empty, so the other half cannot be found; fill it in, or N/A for no certificate.",
        "单元号或证号为空，无法关联；请补填，确无证书的请填“无”。",
    ),
    "row.join-ambiguous": (
        "The unit has several rights without a certificate, so whose this is stays open; enter the certificate.",
        "该单元有多项未发证的权利，无法确定归属；请补填证号。",
    ),
    "row.holders-unpaired": (
        "Names and numbers of the co-owners differ in count, so whose is which stays open; pair them.",
        "共有人姓名与证件号数量不符，无法对应；请一一对应填写。",
    ),
    "row.name-missing": (
        "Neither name nor number says who this is; enter one of them.",
        "姓名与证件号均缺失，无法确定是谁；请至少填写一项。",
    ),
    "row.key-empty": (
        "Every key column is empty; fill in one.",
        "主键列均为空；请至少填写一列。",
    ),
    "row.form": (
        "The record does not fit the form of its evidence type; the named part is too long or of another kind.",
        "登记信息不符合凭证类型的格式；所指部分过长或类型不符，请更正。",
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
