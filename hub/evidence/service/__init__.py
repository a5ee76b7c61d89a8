"""Intake 接收: a batch is taken in whole or not at all, and what is wrong in it goes back to its owner."""

from hub.evidence.service.intake import IntakeService
from hub.evidence.service.statuses import StatusService
from hub.evidence.service.verifiers import Verifiers

__all__ = ["IntakeService", "StatusService", "Verifiers"]
