"""The exchange 数据交换 as doors and demo ask for it."""

from hub.exchange.service.deed import ExchangeService
from hub.exchange.service.parts import Parts

__all__ = ["ExchangeService", "Parts"]
