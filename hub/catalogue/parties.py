"""Whom a catalogue 目录 names: parties 参与方 come on record before it or after, so strangers are told only."""

from collections.abc import Callable

from hub.catalogue.model import Catalogue


def parties_named(catalogue: Catalogue) -> frozenset[str]:
    """Providers, authorities, services that decide or take in, and departments that results are filed with."""
    matters, events = catalogue.matters, catalogue.events
    return frozenset().union(
        (each.provider for each in catalogue.evidence_types),
        (each.authority for each in matters),
        (consumer for each in matters for consumer in each.consumers),
        (each.result.filed_with for each in matters if each.result and each.result.filed_with),
        (taker for each in events for taker in each.taken_by),
    )


def strangers_in(catalogue: Catalogue, party_for: Callable[[str], object | None]) -> list[str]:
    """Those of them whom nobody put on record: what they should provide or decide, nobody can."""
    return sorted(each for each in parties_named(catalogue) if party_for(each) is None)
