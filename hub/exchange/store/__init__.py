"""Reads what an exchange is decided on, keeps what became of it, and finds it again."""

from hub.exchange.store.exchanges import ExchangeStore, log_size_before
from hub.exchange.store.keeping import AnsweredBeforeError, NewExchange, keep
from hub.exchange.store.scene import Asked, Scene, scenes_of

__all__ = [
    "AnsweredBeforeError",
    "Asked",
    "ExchangeStore",
    "NewExchange",
    "Scene",
    "keep",
    "log_size_before",
    "scenes_of",
]
