"""Cases 办件 as an approval service sends them: who it is about, answers, promises, decisions."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from hub.api.strict import Wire, example
from hub.api.written import Day
from hub.cases.model import PersonAsked
from hub.cases.service import Opening, PersonIn

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:.\-]{1,80}$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class PersonWire(Wire):
    """Who is meant: the consumer's own pairwise id, or a number with the name that must agree with it."""

    model_config = example(kind="resident", number="11010519491231002X", name="张三", birth_date="1949-12-31")

    pairwise: Annotated[str, StringConstraints(max_length=80)] = ""
    kind: Literal["resident", "legal_person", ""] = ""
    number: Annotated[str, StringConstraints(max_length=80)] = ""
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    birth_date: Day | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        """A pairwise id alone, or kind, number and name."""
        told = (self.kind, self.number, self.name)
        if (any(told) or self.birth_date) if self.pairwise else not all(told):
            raise PydanticCustomError("pairwise-or-number", "a pairwise id alone, or kind, number and name")
        return self

    def asked(self) -> PersonAsked:
        """The same for the services."""
        birth_date = self.birth_date.isoformat() if self.birth_date else ""
        return PersonAsked(self.pairwise, self.kind, self.number, self.name, birth_date)


People = Annotated[
    dict[Id, Annotated[list[PersonWire], Field(min_length=1, max_length=500)]],
    Field(description="By role of the matter."),
]
Answers = Annotated[
    dict[Id, Annotated[str, StringConstraints(max_length=200)]],
    Field(description="`condition:ID` → `yes` or `no`.", default_factory=dict),
]


class CaseWire(Wire):
    """A case to open; `people` names exactly one `applicant`."""

    number: Annotated[
        Short,
        Field(
            description="The approval service's own number; opening it twice gives one case.",
            json_schema_extra={"maxLength": 64},
        ),
    ]
    matter: Id
    sub_item: Annotated[str, StringConstraints(max_length=80)] = ""
    people: People
    answers: Answers
    mandate: Annotated[str, StringConstraints(max_length=80)] = ""
    event: Annotated[str, StringConstraints(max_length=80)] = ""

    def opening(self) -> Opening:
        """The same for the services."""
        return Opening(
            number=self.number,
            matter=self.matter,
            people=people_in(self.people),
            sub_item=self.sub_item,
            answers=tuple(self.answers.items()),
            mandate_id=self.mandate,
            event_number=self.event,
        )


class PeopleWire(Wire):
    """Further people of a case."""

    model_config = example(people={"heir": [{"pairwise": "pw_1zfkh1z1wj8j40t9q2zfqyg1fq"}]})

    people: People


class AnswersWire(Wire):
    """Answers to open questions."""

    model_config = example(answers={"condition:renting": "yes"})

    answers: Annotated[
        dict[Id, Annotated[str, StringConstraints(max_length=200)]],
        Field(
            min_length=1,
            description="`condition:ID` → `yes` or `no`; `sub-item` → the id of an option; `choose:…` → the id of an "
            "option, or the day or the certificate's number of the registration meant.",
        ),
    ]


class CommitmentWire(Wire):
    """A written promise 告知承诺 instead of proof."""

    model_config = example(material="other-property")

    material: Id


class DecisionWire(Wire):
    """What happens to a case; a suspension and a rejection give a reason as a code."""

    model_config = example(action="suspend", reason="expert-opinion")

    action: Literal["accept", "suspend", "resume", "approve", "reject", "withdraw", "file"]
    reason: Annotated[str, StringConstraints(max_length=60)] = ""
    licence: Annotated[
        str,
        StringConstraints(max_length=65536),
        Field(description="With `approve`: the licence as an SD-JWT that this service signed."),
    ] = ""


class CodeWire(Wire):
    """The applicant's query code 查询码."""

    model_config = example(code="7h2k9m4q1w8r5t3z")

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


def people_in(people: dict[str, list[PersonWire]]) -> tuple[PersonIn, ...]:
    """Everyone named, role by role."""
    return tuple(PersonIn(role, person.asked()) for role, group in people.items() for person in group)
