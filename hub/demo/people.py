"""The demo's people as an approval service names them, and the papers they bring; all of them are invented."""

from datetime import date

from adapters.simulator.model import Organisation
from adapters.simulator.model import Person as Invented
from hub.client.approval import Paper, Person

PAGE = """%PDF-1.4
% {title} (demo 演示)
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >> endobj
trailer << /Root 1 0 R >>
%%EOF
"""


def resident(person: Invented) -> Person:
    """An invented resident."""
    return Person("resident", person.number, person.name, person.born)


def unit(organisation: Organisation) -> Person:
    """An invented organisation."""
    return Person("legal_person", organisation.credit_code, organisation.name)


def paper(kind: str, title: str, issued_on: date) -> Paper:
    """A one-page document, as a scanner at the window would make it."""
    content = PAGE.format(title=f"{kind} {title}").encode()
    return Paper(kind, content, "application/pdf", title=title, issued_on=issued_on)
