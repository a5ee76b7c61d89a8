"""Catalogue files as written: YAML or JSON bytes to plain values that remember their lines."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

from hub.catalogue.problem import Problem
from hub.errors import Malformed

Path = tuple[str | int, ...]
MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 24
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN: Mapping[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:null": lambda _text: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() in {"true", "yes", "on"},
    "tag:yaml.org,2002:int": lambda text: int(text.replace("_", ""), 0),
    "tag:yaml.org,2002:str": lambda text: text,
    "tag:yaml.org,2002:timestamp": lambda text: text,
}


@dataclass(frozen=True)
class Document:
    """One catalogue file: its name, its value, the line of every path in it, and the columns of a workbook's sheets."""

    name: str
    value: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of ``path`` or of the nearest thing around it; 0 when lines are not known."""
        return self.lines.get(self._written(path), 0)

    def cell_of(self, path: Path) -> str:
        """Where a workbook says it, as spreadsheets do: ``materials!F12``, or ``materials!12``; empty elsewhere."""
        row = self._written(path)
        sheet = next((step for step in reversed(row) if isinstance(step, str)), "")
        if sheet not in self.columns:
            return ""
        name = ".".join(step for step in path[len(row) :] if isinstance(step, str))
        return f"{sheet}!{self.columns[sheet].get(name, '')}{self.lines[row]}"

    def _written(self, path: Path) -> Path:
        while path and path not in self.lines:
            path = path[:-1]
        return path


def path_text(path: Path) -> str:
    """``matters[2].materials[0].basis``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "$"


def parse_document(raw: bytes, name: str) -> Document:
    """The document in ``raw``; ``name`` is used in errors and decides between JSON (``.json``) and YAML.

    Raises:
        Malformed: not UTF-8, too big, not YAML or JSON, a key written twice, an alias or a cycle; says the line.
    """
    if len(raw) > MAX_BYTES:
        raise _unreadable(
            name,
            0,
            (f"The file is larger than {MAX_BYTES} bytes.", f"文件超过 {MAX_BYTES} 字节。"),
            ("Split it into several files.", "请拆成几个文件。"),
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise _unreadable(
            name,
            raw[: fault.start].count(b"\n") + 1,
            ("Not UTF-8.", "文件不是 UTF-8 编码。"),
            ("Save it as UTF-8.", "请另存为 UTF-8。"),
        ) from fault
    return _parse_json(text, name) if name.endswith(".json") else _parse_yaml(text, name)


def _parse_json(text: str, name: str) -> Document:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise _unreadable(
                name,
                0,
                (f"The key “{twice[0]}” is written twice.", f"键“{twice[0]}”重复出现。"),
                ("Keep one of them.", "请只保留一个。"),
            )
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as fault:
        raise _unreadable(
            name,
            fault.lineno,
            (f"Not JSON: {fault.msg}.", f"不是有效的 JSON：{fault.msg}。"),
            ("Correct the syntax here.", "请更正此处语法。"),
        ) from fault
    except RecursionError as fault:
        raise _unreadable(
            name, 0, ("Nested too deeply.", "嵌套层次过多。"), ("Write it flatter.", "请减少嵌套层次。")
        ) from fault
    except ValueError as fault:
        raise _unreadable(
            name, 0, ("A number is too long.", "数字过长。"), ("Write a smaller one.", "请填写较小的数字。")
        ) from fault
    return Document(name, _require_mapping(value, name))


def _parse_yaml(text: str, name: str) -> Document:
    lines: dict[Path, int] = {}
    try:
        _refuse_aliases(text, name)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise _unreadable(
            name,
            line,
            (f"Not YAML: {fault.problem}.", f"不是有效的 YAML：{fault.problem}。"),
            ("Correct the syntax here.", "请更正此处语法。"),
        ) from fault
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise _unreadable(
            name,
            0,
            ("Not YAML.", "不是有效的 YAML。"),
            ("Remove control characters and odd nesting.", "请去掉控制字符和异常嵌套。"),
        ) from fault
    value = _value(node, (), _Reading(name, lines)) if node is not None else {}
    return Document(name, _require_mapping(value, name), lines)


def _refuse_aliases(text: str, name: str) -> None:
    """An alias may point at what contains it, and many small ones grow without bound: neither is needed here."""
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise _unreadable(
                name,
                line,
                (f"The alias *{event.anchor} may form a cycle.", f"别名 *{event.anchor} 可能形成循环。"),
                ("Write the value out.", "请直接写出该值。"),
            )


@dataclass(frozen=True)
class _Reading:
    name: str
    lines: dict[Path, int]


def _value(node: yaml.Node, path: Path, reading: _Reading) -> Any:
    reading.lines[path] = node.start_mark.line + 1
    if len(path) > MAX_DEPTH:
        raise _unreadable(
            reading.name,
            node.start_mark.line + 1,
            ("Nested too deeply.", "嵌套层次过多。"),
            ("Write it flatter.", "请减少嵌套层次。"),
        )
    if not isinstance(node, yaml.ScalarNode) and node.tag.rsplit(":", 1)[-1] not in {"map", "seq"}:
        raise _unreadable(
            reading.name,
            node.start_mark.line + 1,
            ("A tag is not used here.", "此处不使用标签。"),
            ("Remove the tag.", "请去掉标签。"),
        )
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, reading)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, index), reading) for index, child in enumerate(node.value)]
    return _scalar(node, reading)


def _mapping(node: yaml.MappingNode, path: Path, reading: _Reading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, child in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in found:
            raise _unreadable(
                reading.name,
                line,
                (f"The key “{key}” is written twice.", f"键“{key}”重复出现。"),
                ("Keep one of them.", "请只保留一个。"),
            )
        found[key] = _value(child, (*path, key), reading)
        reading.lines[(*path, key)] = line
    return found


def _scalar(node: yaml.Node, reading: _Reading) -> Any:
    read = _PLAIN.get(node.tag)
    with suppress(ValueError):  # YAML 1.1 takes 1:30 for a number, and Python none of 5,000 digits
        if read is not None:
            return read(node.value)
    raise _no_such_value(node, reading)


def _no_such_value(node: yaml.Node, reading: _Reading) -> Malformed:
    line, tag = node.start_mark.line + 1, node.tag.rsplit(":", 1)[-1]
    return _unreadable(
        reading.name,
        line,
        (f"A value like this of type {tag} is not used here.", f"此处不使用这样的 {tag} 类型的值。"),
        ("Put it in quotes.", "请加引号。"),
    )


def _require_mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _unreadable(
            name,
            1,
            ("The file is not a mapping of sections.", "文件不是由各部分组成的映射。"),
            ("Start with “matters:” or another section.", "请以“matters:”或其他部分开头。"),
        )
    return value


Said = tuple[str, str]
"""A sentence in English and Chinese."""


def _unreadable(name: str, line: int, fact: Said, remedy: Said) -> Malformed:
    return refused([Problem("catalogue.unreadable", *fact, *remedy, name, line, "$")])


def refused(problems: list[Problem]) -> Malformed:
    """The error that lists every problem of a catalogue file at once, as Order 809 article 21 does for applications."""
    lines = [str(problem) for problem in problems]
    return Malformed(
        problems[0].code if len({problem.code for problem in problems}) == 1 else "catalogue.not-usable",
        "The catalogue was not taken over: " + " | ".join(lines[:20]),
        f"目录未被采用，共 {len(problems)} 处问题：" + " | ".join(problem.line_zh for problem in problems[:20]),
        problems=lines,
        problems_zh=[problem.line_zh for problem in problems],
    )
