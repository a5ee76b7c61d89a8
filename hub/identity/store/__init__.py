"""What the identity index keeps: mentions and their keys, the link log, reviews and verdicts, pairwise ids."""

from sqlmodel import Session

from hub.identity.store.index import IndexStore
from hub.identity.store.reviews import KeptReview, KeptWord, NewReview, ReviewStore
from hub.identity.store.rows import KeptMention, NewLink, NewMention, NewSubject
from hub.identity.store.vault import Vault

__all__ = [
    "IndexStore",
    "KeptMention",
    "KeptReview",
    "KeptWord",
    "NewLink",
    "NewMention",
    "NewReview",
    "NewSubject",
    "ReviewStore",
    "Session",
    "Vault",
]
