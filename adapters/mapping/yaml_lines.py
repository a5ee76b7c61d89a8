"""YAML read so that every complaint can name its line, that 01 stays 01, and that no word becomes a boolean."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from hub.errors import Malformed

_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_BOOLEANS: Final = {"true": True, "false": False}
_NULLS: Final = {"", "null", "~"}
_MAX_NODES: Final = 20_000

Path = tuple[str | int, ...]


@dataclass
class Document:
    """The value of a YAML text and the line on which each part of it stands."""

    name: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    nodes: int = 0

    def line_of(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def refuse(self, path: Path, en: str, zh: str = "") -> Malformed:
        """The complaint about what stands at ``path``."""
        where = ".".join(map(str, path)) or "the file"
        line = self.line_of(path)
        return Malformed(
            "adapters.mapping",
            f"{self.name}, line {line}: {where}: {en}",
            f"{self.name} 第 {line} 行：{where}：{zh or en}",
            line=line,
            path=where,
        )


def parse_yaml(text: str, name: str) -> Document:
    """The document in ``text``.

    Raises:
        Malformed: not YAML, empty, a key twice in one place, aliases, too many parts.
    """
    document = Document(name)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        document.lines[()] = mark.line + 1 if mark else 1
        raise document.refuse((), "not YAML: " + str(getattr(error, "problem", "") or error), "不是 YAML") from None
    except RecursionError:
        raise document.refuse((), "nested too deeply for a mapping", "嵌套过深") from None
    if root is None:
        raise document.refuse((), "is empty; start with version and registry", "文件为空")
    try:
        document.value = _value(root, (), document)
    except RecursionError:
        raise document.refuse((), "an alias inside what it stands for", "别名引用了自身") from None
    return document


def _value(node: yaml.Node, path: Path, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    document.nodes += 1
    if document.nodes > _MAX_NODES:
        raise document.refuse(path, "too many parts; a mapping is short", "内容过多")
    if isinstance(node, yaml.MappingNode):
        return _members(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(member, (*path, place), document) for place, member in enumerate(node.value)]
    return _scalar(node)


def _members(node: yaml.MappingNode, path: Path, document: Document) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise document.refuse(path, "a key must be a plain word", "键必须是文本")
        key = str(key_node.value)
        document.lines[(*path, key)] = key_node.start_mark.line + 1
        if key in members:
            raise document.refuse((*path, key), "this key stands here twice", "键重复")
        members[key] = _value(value_node, (*path, key), document)
    return members


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
