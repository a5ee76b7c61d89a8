"""Resolving 批量比对: records into subjects all at once, by the rules and weights of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hub.identity.bulk import sql
from hub.identity.bulk.pairing import pair_records
from hub.identity.bulk.roots import Roots, roots_of
from hub.identity.bulk.tables import Connection
from hub.identity.modelfile import Model
from hub.identity.rules import NUMBER_FIELDS, partition

_LARGEST_CHECKED: Final = 60


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a run came to; ``seconds`` by step."""

    records: int
    subjects: int
    pairs: int
    links: int
    reviews: int
    torn_clusters: int
    seconds: Mapping[str, float] = field(default_factory=dict)


Words = Mapping[tuple[int, int], bool]
"""What people have said of two records: True for one subject, False for two."""


class Resolving:
    """One run over one table of traits, left in the database as ``scored``, ``assigned`` and ``waiting``."""

    def __init__(
        self, con: Connection, model: Model, *, review_probable: bool = False, words: Words | None = None
    ) -> None:
        self.con = con
        self.model = model
        self._words = words or {}
        self._review_probable = review_probable
        self._torn = 0
        self._compared = "traits"
        for macro in sql.MACROS:
            con.execute(macro)

    def run(self) -> None:
        """Pairs, their verdicts, subjects and reviews."""
        self._pair()
        self._score("pairs", "scored")
        self._hear()
        self.conclude()

    def conclude(self) -> None:
        """Subjects and reviews of the pairs that are scored."""
        self._assign(self._connect())

    def _pair(self) -> None:
        """Table ``pairs``, and ``compared`` with what those say that stand in one or of whom people have spoken."""
        pair_records(self.con, self.model)
        spoken = np.unique(np.array([number for pair in self._words for number in pair], dtype=np.int64))
        self.con.register("incoming", {"n": spoken})
        columns = ", ".join(f't."{column}"' for column in self.model.columns)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE compared AS SELECT t.n, {columns} FROM traits t SEMI JOIN (SELECT a AS n"
            " FROM pairs UNION ALL SELECT b FROM pairs UNION ALL SELECT n FROM incoming) USING (n)"
        )
        self.con.unregister("incoming")
        self._compared = "compared"

    def _score(self, pairs: str, table: str) -> None:
        """``table``: each pair with the level of every field and the verdict, found once for equal levels."""
        model = self.model
        fields = ", ".join(f'"{each.field}"' for each in model.comparisons)
        outcome = sql.outcome(model, review_probable=self._review_probable)
        self.con.execute(
            f"CREATE OR REPLACE TABLE {table} AS WITH levelled AS MATERIALIZED (SELECT p.a, p.b, {sql.levels(model)}"
            f" FROM {pairs} p JOIN {self._compared} l ON l.n = p.a JOIN {self._compared} r ON r.n = p.b),"
            f" judged AS (SELECT *, {sql.verdict(model)} FROM (SELECT DISTINCT {fields} FROM levelled)),"
            f" decided AS (SELECT *, {outcome} AS outcome FROM judged)"
            f" SELECT a, b, decided.* FROM levelled JOIN decided USING ({fields})"
        )

    def _hear(self) -> None:
        """What people have said of pairs stands over every verdict."""
        if not self._words:
            return
        pairs = np.array([sorted(pair) for pair in self._words], dtype=np.int64)
        words = np.array(["link" if same else "apart" for same in self._words.values()], dtype=object)
        self.con.register("incoming", {"a": pairs[:, 0], "b": pairs[:, 1], "word": words})
        self.con.execute("CREATE OR REPLACE TEMP TABLE heard AS SELECT * FROM incoming")
        self.con.unregister("incoming")
        self._score("heard", "heard_scored")
        self.con.execute("DELETE FROM scored USING heard h WHERE scored.a = h.a AND scored.b = h.b")
        self.con.execute(
            "INSERT INTO scored SELECT s.* REPLACE (h.word AS outcome, 'steward' AS method) FROM heard_scored s"
            " JOIN heard h USING (a, b)"
        )

    def _connect(self) -> Roots:
        """The root of every record that some link touches; clusters that hold what they must not are taken apart."""
        found = self.con.execute("SELECT a, b, weight FROM scored WHERE outcome = 'link'").fetchnumpy()
        roots = roots_of(found["a"], found["b"])
        self._note_roots(roots)
        torn = self._torn_clusters()
        self._torn = len(torn)
        if torn:
            inside = np.isin(roots.of(found["a"]), list(torn))
            ends = zip(*(found[name][inside].tolist() for name in ("a", "b", "weight")), strict=True)
            self._take_apart(roots, list(ends), torn)
        return roots

    def _note_roots(self, roots: Roots) -> None:
        self.con.register("incoming", {"n": roots.nodes, "root": roots.roots})
        self.con.execute("CREATE OR REPLACE TEMP TABLE clusters AS SELECT n, root FROM incoming")
        self.con.unregister("incoming")

    def _torn_clusters(self) -> dict[int, set[tuple[int, int]]]:
        """Clusters that hold two valid numbers of one kind, or members that speak against each other: those pairs."""
        torn: dict[int, set[tuple[int, int]]] = {}
        number = _valid_number(self.model.columns)
        if number:
            rows = self.con.execute(
                f"SELECT root FROM (SELECT c.root, {number} AS number FROM clusters c JOIN traits t ON t.n = c.n)"
                " WHERE number <> '' GROUP BY root, split_part(number, ':', 1) HAVING count(DISTINCT number) > 1"
            ).fetchall()
            torn |= {row[0]: set() for row in rows}
        for root, one, other in [*self._objections(), *self._parted()]:
            torn.setdefault(root, set()).add((one, other))
        return torn

    def _parted(self) -> list[tuple[int, int, int]]:
        """Pairs inside one cluster that people have called different."""
        if not self._words:
            return []
        return self.con.execute(
            "SELECT x.root, h.a, h.b FROM heard h JOIN clusters x ON x.n = h.a JOIN clusters y ON y.n = h.b"
            " WHERE h.word = 'apart' AND x.root = y.root"
        ).fetchall()

    def _objections(self) -> list[tuple[int, int, int]]:
        """Pairs inside clusters of three and more that are apart by far, or that one list holds as two."""
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE inner_pairs AS WITH big AS (SELECT root FROM clusters GROUP BY root HAVING"
            f" count(*) BETWEEN 3 AND {_LARGEST_CHECKED}), m AS (SELECT n, root FROM clusters JOIN big USING (root))"
            " SELECT l.n AS a, r.n AS b FROM m l JOIN m r ON l.root = r.root AND l.n < r.n"
        )
        self._score("inner_pairs", "inner_scored")
        lists = [each.field for each in self.model.comparisons if each.comparison == "list"]
        held = "".join(f" OR (\"{each}\" = 'same' AND outcome <> 'link')" for each in lists)
        number = _is_by_number(self.model)
        return self.con.execute(
            "SELECT c.root, s.a, s.b FROM inner_scored s JOIN clusters c ON c.n = s.a WHERE"
            f" ((s.outcome = 'apart' AND s.weight < {self.model.fracture_bits} AND NOT ({number})){held})"
        ).fetchall()

    def _take_apart(
        self, roots: Roots, ends: Sequence[tuple[int, int, float]], torn: Mapping[int, set[tuple[int, int]]]
    ) -> None:
        edges: dict[int, list[tuple[int, int, float]]] = {root: [] for root in torn}
        for end, root in zip(ends, roots.of(np.array([end[0] for end in ends])).tolist(), strict=True):
            edges[root].append(end)
        inside = np.isin(roots.roots, list(torn))
        members: dict[int, list[int]] = {root: [] for root in torn}
        for node, root in zip(roots.nodes[inside].tolist(), roots.roots[inside].tolist(), strict=True):
            members[root].append(node)
        said = self._said([node for nodes in members.values() for node in nodes])
        for root, nodes in members.items():
            groups = partition(
                sorted(nodes),
                edges[root],
                number_of=lambda node: said[node][0],
                kept_apart=torn[root],
                order_of=lambda node: said[node][1],
            )
            for group in groups:
                roots.put(group, min(group))

    def _said(self, nodes: Sequence[int]) -> dict[int, tuple[str, int]]:
        """The valid number that each states, or nothing; and its place in the order of all that is said."""
        number = _valid_number(self.model.columns) or "''"
        everything = ", ".join(f't."{column}"' for column in self.model.columns)
        self.con.register("incoming", {"n": np.array(nodes, dtype=np.int64)})
        rows = self.con.execute(
            f"SELECT t.n, {number}, dense_rank() OVER (ORDER BY {everything}) FROM traits t"
            " SEMI JOIN incoming USING (n)"
        ).fetchall()
        self.con.unregister("incoming")
        return {node: (said, place) for node, said, place in rows}

    def _assign(self, roots: Roots) -> None:
        """Tables ``assigned`` (every record with its subject) and ``waiting`` (pairs for a steward)."""
        self._note_roots(roots)
        con = self.con
        con.execute(
            "CREATE OR REPLACE TABLE assigned AS WITH best AS (SELECT n, max(weight) AS weight, arg_max(method, weight)"
            " AS method FROM (SELECT a AS n, weight, method, b AS o FROM scored WHERE outcome = 'link'"
            " UNION ALL SELECT b, weight, method, a FROM scored WHERE outcome = 'link') e"
            " JOIN clusters x USING (n) JOIN clusters y ON y.n = e.o WHERE x.root = y.root GROUP BY n)"
            " SELECT t.n, t.record_id, coalesce(c.root, t.n) AS root,"
            " CASE WHEN best.weight IS NULL THEN 1.0 ELSE 1 / (1 + pow(2, -best.weight)) END AS probability,"
            " coalesce(best.method, 'no-candidate') AS method FROM traits t LEFT JOIN clusters c USING (n)"
            " LEFT JOIN best USING (n)"
        )
        con.execute(
            "CREATE OR REPLACE TABLE waiting AS SELECT s.a, s.b, s.weight, s.method FROM scored s JOIN assigned x"
            " ON x.n = s.a JOIN assigned y ON y.n = s.b WHERE x.root <> y.root AND s.outcome IN ('review', 'link')"
            " QUALIFY row_number() OVER (PARTITION BY least(x.root, y.root), greatest(x.root, y.root)"
            " ORDER BY s.weight DESC, s.a, s.b) = 1"
        )

    def note_result(self) -> None:
        """The subjects found stand in table ``resolved`` too."""
        self.con.execute(
            "INSERT INTO resolved SELECT n, record_id, 's' || root, round(probability, 6), method FROM assigned"
        )

    def figures(self, seconds: Mapping[str, float]) -> Resolved:
        """What the run came to."""
        row = self.con.execute(
            "SELECT (SELECT count(*) FROM assigned), (SELECT count(DISTINCT root) FROM assigned),"
            " (SELECT count(*) FROM scored), (SELECT count(*) FROM scored WHERE outcome = 'link'),"
            " (SELECT count(*) FROM waiting)"
        ).fetchall()[0]
        records, subjects, pairs, links, reviews = row
        return Resolved(records, subjects, pairs, links, reviews, self._torn, seconds)


def _valid_number(columns: Sequence[str]) -> str:
    if "number_state" in columns:
        return "CASE WHEN left(number_state, 1) = 'v' THEN substr(number_state, 2) || ':' || number ELSE '' END"
    return (
        "CASE WHEN organisation <> '' THEN 'organisation:' || organisation ELSE '' END"
        if ("organisation" in columns)
        else ""
    )


def _is_by_number(model: Model) -> str:
    fields = [each.field for each in model.comparisons if each.field in NUMBER_FIELDS]
    return " OR ".join(f"\"{each}\" = 'equal'" for each in fields) or "false"
