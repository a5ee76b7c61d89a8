"""An approval's result, the licence 电子证照: its applicant's, this case's, and evidence for other matters later."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlmodel import Session

from hub.cases.model import Case
from hub.cases.rules.licences import require_licence_id, require_licence_type
from hub.cases.service.evidence import CLEAR, KeptToken, keep_token, last_instant_in, require_verified
from hub.cases.service.people import resolved_again, whose
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import CaseStore
from hub.catalogue.schemas import validator_for
from hub.errors import Conflict, Malformed, Refused

LICENCE: Final = "licence"
VCT: Final = "urn:hub:evidence:licence:1"


def keep_licence(around: Surroundings, session: Session, case: Case, token: str) -> str:
    """The licence's GB/T 36904 identifier; the licence is evidence about the applicant afterwards.

    1. It verifies to the key of whoever signed it.
    2. It has the shape of a licence, and its identifier the right parts and check character.
    3. It is signed by this consumer, for this case and matter.
    4. It is of the type that the matter's catalogue entry names, and no other case has it.
    5. It is in force today.
    6. It names the applicant, or nobody by number.

    Raises:
        Malformed, Refused, Conflict: one of these is not so; nothing is kept.
    """
    evidence = require_verified(around, token)  # 1
    claims = dict(evidence.claims)
    form = {key: value for key, value in claims.items() if key not in CLEAR}
    if claims.get("vct") != VCT or validator_for(LICENCE)(form):  # 2
        raise Malformed("cases.bad-licence", f"The licence is not in the shape of {VCT}.", f"证照不符合 {VCT} 的格式。")
    licence_id = str(form["licence_id"])
    require_licence_id(licence_id)
    if (claims.get("iss"), form["matter"], form["case"]) != (case.consumer, case.matter, case.number):  # 3
        raise Refused(
            "cases.licence-of-another-case",
            "The licence is signed by another party or for another case.",
            "证照由其他参与方签名，或属于其他办件。",
        )
    result = around.matter_of(case).result
    require_licence_type(licence_id, result.licence_type if result else "")  # 4
    if CaseStore(session).has_licence(licence_id):
        raise Conflict(
            "cases.licence-in-use",
            "Another case's approval has this licence identifier; give this licence its own.",
            "另一办件的证照已使用该标识；请为本证照另行编号。",
        )
    _require_in_force(form, around.today)  # 5
    applicant = resolved_again(around, session, case).applicant
    is_nameless = not form["subject"].get("number")
    subject_id = applicant.subject_id if is_nameless else whose(around, session, case, applicant, form["subject"])  # 6
    if subject_id:
        keep_token(around, session, KeptToken(evidence, LICENCE, subject_id, last_instant_in(form)))
    return licence_id


def _require_in_force(form: Mapping[str, Any], today: date) -> None:
    issued, until = form["issued_on"], form.get("valid_until")
    if issued > today.isoformat() or (until and until < today.isoformat()):
        raise Refused(
            "cases.licence-not-in-force",
            "The licence is issued on a later day, or its last day is over; check its dates.",
            "证照的颁发日期晚于今天，或有效期已届满；请核对日期。",
        )
