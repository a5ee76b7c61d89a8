"""The conformance kit 符合性检查: what every adapter must do, as checks that take a trial and fail with a sentence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.agent.model import PushReport
from adapters.conformance.trial import Sheet, Trial, TrialHub
from adapters.mapping.model import Export, Part
from adapters.mapping.model import Mapping as RegistryMapping

FILES: Final = ("csv-utf8", "csv-bom", "csv-gb18030", "csv-semicolon", "tsv-utf16", "workbook", "one-workbook")
_MOST_STEPS: Final = 60


class NotConforming(AssertionError):
    """The adapter did something that no adapter may."""


def _require(holds: object, sentence: str) -> None:
    if not holds:
        raise NotConforming(sentence)


def _complete(report: PushReport) -> None:
    for export in report.exports:
        _require(export.is_complete, f"{export.export}: rows are not accounted for: {export}")


def _pushed(trial: Trial, kind: str = "csv-utf8", sheets: Sequence[Sheet] | None = None) -> TrialHub:
    hub = trial.hub()
    with trial.source(kind, sheets or trial.sheets) as (source, mapping):
        _complete(trial.push(hub, source, mapping=mapping))
    return hub


def every_row_is_accounted_for(trial: Trial) -> None:
    """Each row of the sample is a record at the hub, or put aside with a reason in both languages, or a correction."""
    hub = trial.hub()
    report = trial.push(hub, trial.write("csv-utf8", trial.sheets))
    _complete(report)
    aside = [line for lines in hub.put_aside(trial.registry).values() for line in lines]
    _require(len(aside) == report.unusable, "rows put aside and rows reported differ")
    _require(all(line["unusable"]["en"] and line["unusable"]["zh"] and line["raw"] for line in aside), "a bare reason")
    _require(len(hub.contents(trial.registry)) == report.total("prepared"), "records were lost or doubled")
    _require(report.accepted > 0, "nothing of the sample is usable")


def the_same_input_twice_brings_nothing_new(trial: Trial) -> None:
    """A second run accepts nothing, withdraws nothing and leaves the same records."""
    for kind in (*FILES, "sqlite", "interface"):
        hub = trial.hub()
        with trial.source(kind, trial.sheets) as (source, mapping):
            trial.push(hub, source, mapping=mapping)
            before = hub.contents(trial.registry)
            again = trial.push(hub, source, mapping=mapping)
        _require(again.accepted == 0 and again.withdrawn == 0, f"{kind}: the second run changed something")
        _require(hub.contents(trial.registry) == before, f"{kind}: the records differ after the second run")


def every_kind_of_source_brings_the_same_records(trial: Trial) -> None:
    """Text files in any encoding, workbooks, databases and interfaces give the same records with the same content."""
    expected = _pushed(trial).contents(trial.registry)
    for kind in (*FILES, "sqlite", *trial.databases, "interface"):
        found = _pushed(trial, kind).contents(trial.registry)
        _require(found == expected, f"{kind}: {len(found)} records, or others than the {len(expected)} of a text file")


def names_and_order_do_not_matter(trial: Trial) -> None:
    """Tables and files of any name, columns in any order, further columns beside them, are recognised all the same."""
    expected = _pushed(trial).contents(trial.registry)
    turned = [
        Sheet(
            f"导出{place}",
            ("填报单位", *reversed(sheet.headers)),
            tuple(("柳河镇", *reversed(row)) for row in sheet.rows),
        )
        for place, sheet in enumerate(trial.sheets, 1)
    ]
    for kind in ("csv-gb18030", "one-workbook", "sqlite"):
        found = _pushed(trial, kind, turned).contents(trial.registry)
        _require(found == expected, f"{kind}: turned columns give other records")


def renamed_columns_need_only_a_mapping(trial: Trial) -> None:
    """A county with column names of its own goes in with a mapping that names them."""
    expected = _pushed(trial).contents(trial.registry)
    renamed = [
        replace(sheet, headers=tuple(f"T{number}_F_{place}" for place in range(len(sheet.headers))))
        for number, sheet in enumerate(trial.sheets)
    ]
    hub = trial.hub()
    trial.push(hub, trial.write("sqlite", renamed), mapping=_renaming(trial.mapping, trial.sheets))
    _require(hub.contents(trial.registry) == expected, "renamed columns give other records")


def _renaming(mapping: RegistryMapping, sheets: Sequence[Sheet]) -> RegistryMapping:
    """The mapping under which the columns of each sheet are called ``T<sheet>_F_<place>``."""
    names = [[header.split("(")[0].casefold() for header in sheet.headers] for sheet in sheets]

    def part(body: Part) -> Part:
        known = {column.casefold() for column in body.columns}
        number = max(range(len(sheets)), key=lambda one: len(known.intersection(names[one])))
        columns = {
            column: (f"T{number}_F_{names[number].index(column.casefold())}",)
            for column in body.columns
            if column.casefold() in names[number]
        }
        return replace(body, columns=columns)

    def export(body: Export) -> Export:
        return replace(body, parts={name: part(one) for name, one in body.parts.items()})

    return replace(mapping, exports={name: export(body) for name, body in mapping.exports.items()})


def killed_anywhere_the_next_run_completes(trial: Trial) -> None:
    """Whichever call to the hub is the last one before the adapter dies, the next run leaves the same records."""
    source = trial.write("csv-utf8", trial.sheets)
    expected_hub = trial.hub()
    trial.push(expected_hub, source)
    expected = expected_hub.contents(trial.registry)
    for step in range(1, min(expected_hub.call_count, _MOST_STEPS) + 1):
        for after in (False, True):
            hub = trial.hub()
            hub.kill_at = (step, after)
            _killed(trial, hub, source)
            hub.kill_at = None
            trial.push(hub, source)
            _require(hub.contents(trial.registry) == expected, f"killed at call {step}: records were lost or doubled")


def _killed(trial: Trial, hub: TrialHub, source: object) -> None:
    try:
        trial.push(hub, str(source))
    except Exception as fault:  # noqa: BLE001 - whatever stops an adapter stops it here
        _require(type(fault).__name__ == "Stopped", f"the adapter died of something else: {fault!r}")


def an_absent_hub_is_waited_for(trial: Trial) -> None:
    """503, 429, broken connections and lost answers are tried again; nothing is doubled."""
    expected = _pushed(trial).contents(trial.registry)
    hub = trial.hub()
    hub.plan = ["503", "drop", "429", "lose-answer", "503"]
    report = trial.push(hub, trial.write("csv-utf8", trial.sheets))
    _complete(report)
    _require(hub.contents(trial.registry) == expected, "an absent hub lost or doubled records")


def what_is_gone_is_withdrawn_and_what_is_corrected_leaves_quarantine(trial: Trial) -> None:
    """Of a full export a missing row is withdrawn and comes back when it is back; of a delta nothing is."""
    hub = trial.hub()
    trial.push(hub, trial.write("sqlite", trial.sheets))
    before = hub.contents(trial.registry)
    fewer = [sheet.with_rows(sheet.rows[1:]) for sheet in trial.sheets]
    report = trial.push(hub, trial.write("sqlite", fewer))
    is_full = any(export.mode == "full" for export in trial.mapping.exports.values())
    _require((report.withdrawn > 0) == is_full, "a missing row was kept in a full export, or withdrawn in a delta")
    trial.push(hub, trial.write("sqlite", trial.sheets))
    _require(hub.contents(trial.registry) == before, "rows that came back are not as they were")


def hostile_text_costs_only_its_own_row(trial: Trial) -> None:
    """NUL, another encoding half-way, a broken line, an open quotation mark: every other row goes in as it is."""
    expected = _pushed(trial).contents(trial.registry)
    for sheet in trial.sheets:
        folder = trial.write("csv-utf8", trial.sheets)
        path = Path(folder) / f"{sheet.name}.csv"
        lines = path.read_bytes().split(b"\r\n")
        middle = max(2, len(lines) // 2)
        changed = [line.decode("utf-8").encode("gb18030") for line in lines[middle:]]
        broken = b"\xff\xfe\x81" + lines[1][:20]
        path.write_bytes(b"\r\n".join([*lines[:middle], b"", broken, *changed[:-1], b'"never closed,', b""]))
        hub = trial.hub()
        report = trial.push(hub, folder)
        _complete(report)
        found = hub.contents(trial.registry)
        _require(expected.keys() <= found.keys(), f"{sheet.name}: a record was lost to somebody else's dirt")
        _require(report.reasons.get("row.encoding", 0) >= 1, f"{sheet.name}: a broken line was not reported")


def an_interface_that_is_absent_leaves_everything_as_it_was(trial: Trial) -> None:
    """A source that cannot be read withdraws nothing."""
    hub = _pushed(trial)
    before = hub.contents(trial.registry)
    try:
        trial.push(hub, "http://127.0.0.1:9/nothing")
    except Exception as fault:  # noqa: BLE001 - the check says which end is right
        _require("adapters.source" in str(fault), f"an absent source ended in {fault!r}")
    else:
        _require(False, "an absent source was read")
    _require(hub.contents(trial.registry) == before, "an absent source changed records")


CHECKS: Final[tuple[Callable[[Trial], None], ...]] = (
    every_row_is_accounted_for,
    the_same_input_twice_brings_nothing_new,
    every_kind_of_source_brings_the_same_records,
    names_and_order_do_not_matter,
    renamed_columns_need_only_a_mapping,
    killed_anywhere_the_next_run_completes,
    an_absent_hub_is_waited_for,
    what_is_gone_is_withdrawn_and_what_is_corrected_leaves_quarantine,
    hostile_text_costs_only_its_own_row,
    an_interface_that_is_absent_leaves_everything_as_it_was,
)
