"""What cases 办件 keep: the cases themselves, papers brought once, mandates and commitments."""

from hub.cases.store.brought import BroughtStore, StoredFile
from hub.cases.store.files import CaseFilter, CaseStore, MaterialFate, NewCase
from hub.cases.store.mandates import Mandate, MandateStore

__all__ = [
    "BroughtStore",
    "CaseFilter",
    "CaseStore",
    "Mandate",
    "MandateStore",
    "MaterialFate",
    "NewCase",
    "StoredFile",
]
