"""Reads what an exchange is decided on, keeps what became of it, and finds it again."""

from hub.exchange.store.exchanges import ExchangeStore, log_size_before
from hub.exchange.store.keeping import Kept, NewExchange, keep
from hub.exchange.store.scene import Scene, scene_of

__all__ = ["ExchangeStore", "Kept", "NewExchange", "Scene", "keep", "log_size_before", "scene_of"]
