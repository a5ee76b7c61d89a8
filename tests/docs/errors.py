"""Every error code 错误代码 that the program can give, read from its source: nobody writes these sentences twice.

``python -m tests.docs.errors`` says whether `docs/errors.md` and the sentences in the interface's description are up to
date, ``--write`` writes both anew.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Final

from hub import errors
from hub.api.problems import STATUS_OF_CODE, STATUS_OF_FAMILY
from hub.cli.exits import EXIT_CODES

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "errors.md"
SENTENCES: Final = ROOT / "hub" / "api" / "refusals.json"
FAMILIES: Final = ("Malformed", "Refused", "Missing", "Conflict", "Unavailable", "Broken")
CODE, EN, ZH = "code", "en", "zh"
MEMBERS: Final = (CODE, EN, ZH)
DEPTH: Final = 4
MANY: Final = 4
VARIABLE: Final = re.compile(r"[A-Z_]{2,}")
BEGINNING: Final = re.compile(r".*[：:；;] ?")
ENDING: Final = re.compile(r".*[.。]")
FINDING: Final = "finding"
CODE_NAMED: Final = re.compile(r"[\" ]([a-z]+\.[a-z]+(?:-[a-z]+)*)(?=[\":])")
SPELLED: Final = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")
HAN: Final = re.compile(r"[\u4e00-\u9fff]")
INTRODUCTION: Final = """\
# Errors 错误代码

Every refusal carries a stable code, a sentence in English and one in Chinese: in the HTTP interface as
`application/problem+json` (`code`, `detail`, `detail_zh`), on the command line on standard error. A sentence says what
to do next; ‹…› stands for what is filled in. Programs go by the code, or by its family where they do not know it.
每个错误都有固定代码和中英文说明；说明中写明如何处理，‹…› 表示填入的内容。

| family 类别 | HTTP | exit code 退出码 | what it means 含义 |
|---|---|---|---|
"""
ABOUT_FINDINGS: Final = (
    "No error of the call: why a record was put aside 问题数据, or why an answer 应答 refuses a part"
)


@dataclass
class Module:
    """One source file: its functions, its constants, and where its other names come from."""

    name: str
    nodes: list[ast.AST]
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Told:
    """One sentence under one code."""

    code: str
    family: str
    en: str
    zh: str


@dataclass(frozen=True)
class _Known:
    """What the names in an expression stand for: arguments of a call that was followed, constants of the module."""

    module: Module
    arguments: Mapping[str, tuple[ast.expr, "_Known"]] = field(default_factory=dict)

    def text(self, node: ast.expr) -> str:
        """The text that ``node`` spells; what only running would tell is ‹…›."""
        found = "‹…›"
        match node:
            case ast.Constant(value=str(text)):
                found = text
            case ast.JoinedStr(values=values):
                found = "".join(self.text(value) for value in values)
            case ast.FormattedValue(value=value):
                found = self.text(value)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                found = self.text(left) + self.text(right)
            case ast.Name(id=name) if name in self.arguments:
                argument, around = self.arguments[name]
                found = around.text(argument)
            case ast.Name(id=name) if name in self.module.constants:
                found = self.text(self.module.constants[name])
        return found


class Reader:
    """All modules of the program, read together."""

    def __init__(self) -> None:
        self.modules = {module.name: module for module in _modules()}

    def told(self) -> list[Told]:
        """Each code with each of its sentences, in order."""
        found: set[Told] = set()
        for module in self.modules.values():
            for node in module.nodes:
                if isinstance(node, ast.Call):
                    found.update(self._from(node, _Known(module), DEPTH))
        raised = {each.code for each in found}
        for module in self.modules.values():
            found.update(each for each in _findings(module) if each.code not in raised)
        return sorted(each for each in found if "‹…›" not in each.code and each.en != "‹…›")

    def _from(self, call: ast.Call, known: _Known, depth: int) -> Iterator[Told]:
        named = _name_of(call.func)
        if named in FAMILIES:
            members = self._members(call, MEMBERS)
            if CODE in members:
                said = {name: known.text(node) for name, node in members.items()}
                yield Told(said[CODE], named.lower(), said.get(EN, ""), said.get(ZH, ""))
            return
        made = self._function(named, known.module) if depth and _passes_text(call) else None
        if made is None:
            return
        function, home = made
        placed = [*function.args.posonlyargs, *function.args.args]
        parameters = [each.arg for each in (*placed, *function.args.kwonlyargs) if each.arg != "self"]
        given = {name: (node, known) for name, node in self._members(call, parameters).items()}
        optional = placed[len(placed) - len(function.args.defaults) :]
        for parameter, default in zip(optional, function.args.defaults, strict=True):
            given.setdefault(parameter.arg, (default, _Known(home)))
        if given:
            for inner in _calls(function):
                if inner is not call:
                    yield from self._from(inner, _Known(home, given), depth - 1)

    def _members(self, call: ast.Call, names: tuple[str, ...] | list[str]) -> dict[str, ast.expr]:
        members = dict(zip(names, call.args, strict=False))
        members |= {each.arg: each.value for each in call.keywords if each.arg and each.arg in names}
        return {name: node for name, node in members.items() if not isinstance(node, ast.Starred)}

    def _function(self, name: str, module: Module) -> tuple[ast.FunctionDef, Module] | None:
        if name in module.functions:
            return module.functions[name], module
        origin, original = module.imported.get(name, ("", ""))
        home = self.modules.get(origin)
        if home is None:
            return None
        if original in home.functions:
            return home.functions[original], home
        return self._function(original, home) if original in home.imported else None


def _modules() -> Iterator[Module]:
    for package in ("hub", "adapters"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            module = Module(name, list(ast.walk(tree)))
            for node in module.nodes:
                if isinstance(node, ast.FunctionDef):
                    module.functions[node.name] = node
                elif isinstance(node, ast.ImportFrom) and node.module:
                    module.imported |= {each.asname or each.name: (node.module, each.name) for each in node.names}
            for line in tree.body:
                if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                    module.constants[line.targets[0].id] = line.value
                elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
                    module.constants[line.target.id] = line.value
            yield module


def _passes_text(call: ast.Call) -> bool:
    """Whether a sentence or a code may be among the arguments."""
    given = (*call.args, *(each.value for each in call.keywords))
    return any(isinstance(each, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Name) for each in given)


@cache
def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _findings(module: Module) -> Iterator[Told]:
    """Codes with their sentences side by side, which no error carries: of a record put aside, of part of an answer."""
    known = _Known(module)
    for node in module.nodes:
        rows: list[Sequence[ast.expr]] = []
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            rows = [[key, *value.elts] for key, value in pairs if key and isinstance(value, ast.Tuple)]
        elif isinstance(node, ast.Tuple):
            rows = [node.elts]
        elif isinstance(node, ast.Call):
            rows = [node.args[at:] for at in range(len(node.args) - 2)]
        for row in rows:
            if len(row) >= len(MEMBERS):
                code, en, zh = (known.text(each) for each in row[: len(MEMBERS)])
                if SPELLED.fullmatch(code) and HAN.search(zh) and not HAN.search(en):
                    yield Told(code, FINDING, en, zh)


def _name_of(func: ast.expr) -> str:
    return func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""


def sentences() -> str:
    """`hub/api/refusals.json` as the source says it: the sentences of every code that the doors name."""
    doors = "".join(path.read_text(encoding="utf-8") for path in sorted(SENTENCES.parent.glob("*.py")))
    named = set(CODE_NAMED.findall(doors))
    by_code: dict[str, list[list[str]]] = {}
    for each in Reader().told():
        if each.code in named:
            by_code.setdefault(each.code, []).append([each.family, each.en, each.zh])
    lines = (f"{json.dumps(code)}: {json.dumps(told, ensure_ascii=False)}" for code, told in by_code.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def page() -> str:
    """`docs/errors.md` as the source says it."""
    lines = [INTRODUCTION]
    for name in FAMILIES:
        family = getattr(errors, name)
        told = (family.__doc__ or "").strip().rstrip(".")
        lines.append(f"| {family.family} | {STATUS_OF_FAMILY[family]} | {EXIT_CODES[family]} | {told} |\n")
    lines.append(f"| {FINDING} | — | — | {ABOUT_FINDINGS} |\n")
    room = ""
    for code, family, en, zh in _joined(Reader().told()):
        if code.partition(".")[0] != room:
            room = code.partition(".")[0]
            lines.append(
                f"\n## {room}\n\n| code 代码 | family 类别 | meaning and remedy | 含义与处理 |\n|---|---|---|---|\n"
            )
        status = STATUS_OF_CODE.get(code)
        shown = f"{family} ({status})" if status else family
        lines.append(f"| `{code}` | {shown} | {_cell(en)} | {_cell(zh)} |\n")
    return "".join(lines)


def _joined(told: list[Told]) -> Iterator[tuple[str, str, str, str]]:
    """One line for each code and family, with all that may be said under it."""
    by_code: dict[tuple[str, str], list[Told]] = {}
    for each in told:
        by_code.setdefault((each.code, each.family), []).append(each)
    for (code, family), several in by_code.items():
        en = dict.fromkeys(each.en for each in several if each.en)
        zh = dict.fromkeys(each.zh for each in several if each.zh)
        yield code, family, "<br>".join(_folded(list(en))), "<br>".join(_folded(list(zh)))


def _folded(sentences: list[str]) -> list[str]:
    """The same sentences with what they share said once: of several variables, or before and after a list."""
    of_many: dict[str, list[str]] = {}
    for sentence in sentences:
        subject, _, said = sentence.partition(" ")
        of_many.setdefault(said if VARIABLE.fullmatch(subject) else sentence, []).append(subject)
    told = [f"{', '.join(who)} {said}" if VARIABLE.fullmatch(who[0]) else said for said, who in of_many.items()]
    start = _shared(told, BEGINNING) if len(told) >= MANY else 0
    if not start:
        return told
    stop = _shared([each[start:][::-1] for each in told], ENDING)
    listed = [f"· {each[start : len(each) - stop]}" for each in told]
    ending = told[0][len(told[0]) - stop :].strip(" .。")
    return [told[0][:start].strip(), *listed, *filter(None, [ending])]


def _shared(texts: list[str], bounded: re.Pattern[str]) -> int:
    """How many letters all of them begin with, as far as ``bounded`` goes."""
    alike = "".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, zip(*texts, strict=False)))
    found = bounded.match(alike)
    return found.end() if found else 0


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """1 when the files are not what the source says."""
    made = {PAGE: page(), SENTENCES: sentences()}
    if "--write" in sys.argv[1:]:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return 0
    is_same = all(path.is_file() and path.read_text(encoding="utf-8") == text for path, text in made.items())
    sys.stdout.write("Errors are told as they are.\n" if is_same else "Run: python -m tests.docs.errors --write\n")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
