"""Whose record is this: guarded rules first, weights for what they leave open, and what one cluster must never hold."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from hub.identity.compare import COMPARISONS, MISSING, Traits
from hub.identity.modelfile import Comparison, Model, Rule

Outcome = Literal["link", "review", "apart", "open"]

SCORE: Final = "score"


@dataclass(frozen=True)
class Verdict:
    """What a pair of mentions comes to: ``method`` names the rule, or says that the weights decided.

    There is one for each combination of levels, so what is derived from it is kept.
    """

    outcome: Outcome
    method: str
    weight: float
    weights: Mapping[str, float]
    levels: Mapping[str, str]
    blocking: bool = False

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Codes for people and the log: the rule, and on which level each field stands."""
        return (self.method, *(f"{field}:{level}" for field, level in self.levels.items() if level != MISSING))

    @cached_property
    def reasons_json(self) -> str:
        """The reasons as they stand in the log."""
        return as_json(self.reasons)

    @cached_property
    def weights_json(self) -> str:
        """The weights as they stand in the log."""
        return as_json(self.weights)

    @cached_property
    def is_by_number(self) -> bool:
        """True when an equal number carries it."""
        return any(self.levels.get(field) == "equal" for field in NUMBER_FIELDS)


def as_json(value: Mapping[str, float] | Sequence[str]) -> str:
    """Text for a JSON column."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


NUMBER_FIELDS: Final = ("number", "credit", "organisation", "registration")


class Matcher:
    """One model at work on pairs of traits. What the levels come to is computed once for each combination."""

    def __init__(self, model: Model, *, review_probable: bool = False) -> None:
        self.model = model
        self.review_probable = review_probable
        places = {column: place for place, column in enumerate(model.columns)}
        self._compare = [
            COMPARISONS[each.comparison].made_for(each.field, places, *each.settings) for each in model.comparisons
        ]
        self._fields = [each.field for each in model.comparisons]
        self._known: dict[tuple[str, ...], Verdict] = {}

    def verdict(self, left: Traits, right: Traits) -> Verdict:
        """What the pair comes to."""
        levels = tuple([compare(left, right) for compare in self._compare])
        known = self._known.get(levels)
        if known is None:
            known = self._known[levels] = self._decided(dict(zip(self._fields, levels, strict=True)))
        return known

    def _decided(self, levels: Mapping[str, str]) -> Verdict:
        weights = weights_of(self.model, levels)
        total = round(self.model.prior_bits + sum(weights.values()), 3)
        for rule in self.model.rules:
            if applies(rule, levels):
                return Verdict(rule.then, rule.rule, total, weights, levels, rule.blocking)
        return Verdict(self._scored(total, weights.values()), SCORE, total, weights, levels)

    def _scored(self, total: float, weights: Collection[float]) -> Outcome:
        if total >= self.model.link_bits:
            return "review" if self.review_probable else "link"
        if total >= self.model.review_bits:
            return "review"
        return "apart" if total < self.model.fracture_bits and min(weights, default=0) < 0 else "open"


def weights_of(model: Model, levels: Mapping[str, str]) -> dict[str, float]:
    """The weight of each field in bits; of a group of dependent fields only the strongest keeps its weight."""
    weights = {
        each.field: round(each.levels[levels[each.field]].bits, 3)
        for each in model.comparisons
        if levels[each.field] != MISSING
    }
    for group in _groups(model.comparisons).values():
        named = [field for field in group if field in weights]
        strongest = max(named, key=weights.__getitem__, default=None)
        for field in named:
            weights[field] = weights[field] if field == strongest else 0.0
    return weights


def _groups(comparisons: Iterable[Comparison]) -> Mapping[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for each in comparisons:
        if each.group:
            groups[each.group].append(each.field)
    return groups


def applies(rule: Rule, levels: Mapping[str, str]) -> bool:
    """True when the rule's conditions hold for these levels."""
    if not _holds(rule.when, levels):
        return False
    return not rule.alternatives or any(_holds(condition, levels) for condition in rule.alternatives)


def _holds(condition: Mapping[str, tuple[str, ...]], levels: Mapping[str, str]) -> bool:
    return all(levels[field] in wanted for field, wanted in condition.items())


Node = TypeVar("Node", bytes, str, int)
Pair = tuple[Node, Node]


def partition(
    nodes: Sequence[Node],
    edges: Iterable[tuple[Node, Node, float]],
    *,
    number_of: Callable[[Node], str],
    kept_apart: Collection[Pair[Node]] = (),
    order_of: Callable[[Node], Any] = lambda _: 0,
) -> list[list[Node]]:
    """The subjects among mentions that links connect, none of which holds two valid numbers or a pair kept apart.

    The same mentions and links give the same subjects in whatever order they came: mentions of one number stand
    together, a mention without number joins the only number that it touches, and stands alone when it touches two.

    Args:
        nodes: the mentions.
        edges: links with their weight in bits.
        number_of: the valid number that a mention states, or nothing.
        kept_apart: pairs that must not be one, as when a steward has called them different.
        order_of: what orders mentions by what they say: of links that weigh the same those between the first are heard
            first.
    """
    said: dict[Node, tuple[Any, Node]] = {node: (order_of(node), node) for node in nodes}
    links = sorted(edges, key=lambda edge: (-edge[2], *sorted((said[edge[0]], said[edge[1]]))))
    whole = components(nodes, [(left, right) for left, right, _ in links])
    home = {node: place for place, group in enumerate(whole) for node in group}
    inside: dict[int, list[tuple[Node, Node, float]]] = defaultdict(list)
    for edge in links:
        inside[home[edge[0]]].append(edge)
    parted: dict[int, list[Pair[Node]]] = defaultdict(list)
    for one, other in kept_apart:
        if home.get(one, -1) == home.get(other, -2):
            parted[home[one]].append((one, other))
    found: list[list[Node]] = []
    for place, group in enumerate(whole):
        numbers = {number_of(node) for node in group} - {""}
        if len(numbers) < 2 and place not in parted:  # noqa: PLR2004  # one number, one person
            found.append(group)
        else:
            found += _greedy(group, _unambiguous(inside[place], number_of), number_of, parted[place])
    return sorted(sorted(group) for group in found)


def _unambiguous(
    links: list[tuple[Node, Node, float]], number_of: Callable[[Node], str]
) -> list[tuple[Node, Node, float]]:
    """The links without those of mentions that have no number and touch two."""
    touched: dict[Node, set[str]] = defaultdict(set)
    for left, right, _ in links:
        touched[left].add(number_of(right))
        touched[right].add(number_of(left))
    torn = {node for node, numbers in touched.items() if not number_of(node) and len(numbers - {""}) > 1}
    return [edge for edge in links if edge[0] not in torn and edge[1] not in torn]


def _greedy(
    group: list[Node],
    links: list[tuple[Node, Node, float]],
    number_of: Callable[[Node], str],
    parted: list[Pair[Node]],
) -> list[list[Node]]:
    """Clusters grown from the strongest link down, none joining what must not stand together."""
    home = {node: [node] for node in group}
    numbers = {node: number_of(node) for node in group}
    foes: dict[Node, set[Node]] = defaultdict(set)
    for one, other in parted:
        foes[one].add(other)
        foes[other].add(one)
    for left, right, _ in links:
        small, large = sorted((home[left], home[right]), key=len)
        holds_two = numbers[small[0]] and numbers[large[0]] not in ("", numbers[small[0]])
        if small is large or holds_two or any(home[foe] is large for node in small for foe in foes.get(node, ())):
            continue
        numbers[large[0]] = numbers[large[0]] or numbers[small[0]]
        large += small
        home.update(dict.fromkeys(small, large))
    return list({id(cluster): cluster for cluster in home.values()}.values())


def components(nodes: Sequence[Node], links: Iterable[Pair[Node]]) -> list[list[Node]]:
    """The connected components, each sorted, in order of their first node."""
    parent = {node: node for node in nodes}

    def root(node: Node) -> Node:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in links:
        one, other = root(left), root(right)
        if one != other:
            parent[max(one, other)] = min(one, other)
    groups: dict[Node, list[Node]] = defaultdict(list)
    for node in nodes:
        groups[root(node)].append(node)
    return sorted(sorted(group) for group in groups.values())
