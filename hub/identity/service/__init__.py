"""Identity as every other room asks for it."""

from hub.identity.service.service import IdentityService

__all__ = ["IdentityService"]
