"""What intake keeps and everyone else opens: evidence, batches, and what was put aside."""

from hub.evidence.store.batches import BatchStore
from hub.evidence.store.held import HELD, EvidenceStore, NewEvidence, Standing, Vault, held_in
from hub.evidence.store.quarantine import QuarantineStore
from hub.evidence.store.statuses import StatusListStore

__all__ = [
    "HELD",
    "BatchStore",
    "EvidenceStore",
    "NewEvidence",
    "QuarantineStore",
    "Standing",
    "StatusListStore",
    "Vault",
    "held_in",
]
