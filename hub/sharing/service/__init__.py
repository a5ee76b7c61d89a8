"""Sharing 共享 as deeds: grants taken over and ended, applications and objections answered in time."""

from hub.sharing.service.grants import SharingService
from hub.sharing.service.owing import OwedService

__all__ = ["OwedService", "SharingService"]
