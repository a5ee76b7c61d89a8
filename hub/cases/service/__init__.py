"""Cases 办件 as deeds: open, look, bring, decide, watch."""

from hub.cases.service.bringing import Paper, Upload
from hub.cases.service.cases import CaseService
from hub.cases.service.opening import Opened, Opening
from hub.cases.service.people import PersonIn
from hub.cases.service.surroundings import Surroundings

__all__ = ["CaseService", "Opened", "Opening", "Paper", "PersonIn", "Surroundings", "Upload"]
