"""Papers that applicants bring 一次提交: a file and the evidence that the service signed for it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from hub.api.access import CaseCaller, TheHub
from hub.api.case_views import ChecklistView, PaperView, checklist_view, paper_view
from hub.api.cases import CLOSED, NO_CASE, CaseId, Material, number_of
from hub.api.forms import upload_in
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute
from hub.api.work import work
from hub.cases.service import Upload
from hub.errors import Malformed
from hub.proof.encoding import b64url

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=StrictRoute)

PaperId = Annotated[str, Path(pattern=r"^mat_[0-9a-z]{26}$", description="The hub's id of the paper.")]
FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["material", "evidence", "file"],
                    "properties": {
                        "material": {"type": "string", "description": "Id of the material it is for."},
                        "evidence": {
                            "type": "string",
                            "description": "SD-JWT `urn:hub:evidence:brought-material:1` signed by this service: kind, "
                            "SHA-256 and size of the file, media type, title, issuer, dates, whom it is about.",
                        },
                        "role": {"type": "string", "description": "Whose paper it is; `applicant` by default."},
                        "position": {"type": "string", "description": "Which of several in that role; 1 by default."},
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/{case}/materials",
    summary="Hand in a paper",
    openapi_extra=FORM,
    responses=refusals(
        NO_CASE,
        CLOSED,
        "api.bad-form",
        "cases.not-this-file",
        "cases.wrong-kind",
        "cases.harmful-file",
        "cases.about-somebody-else",
        "api.body-too-large",
    ),
)
async def bring(case: CaseId, request: Request, hub: TheHub, caller: CaseCaller) -> ChecklistView:
    """The paper is sealed and is evidence afterwards, for this case and for later ones of any fitting matter."""
    form = await upload_in(request, limit=hub.limits.upload_bytes)
    consumer = caller.party.id
    upload = Upload(
        material_id=form.require("material"),
        evidence=form.require("evidence"),
        parts=[form.content],
        filename=form.filename,
        role=form.fields.get("role", "applicant"),
        position=_position(form.fields.get("position", "1")),
    )
    return await work(
        request, lambda: checklist_view(hub.cases.bring(consumer, number_of(hub, consumer, case), upload))
    )


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:  # noqa: PLR2004
        raise Malformed("api.bad-position", "The position is a number from 1.", "position 应为从 1 起的数字。")
    return int(text)


@router.get(
    "/{case}/materials/{material}/paper",
    summary="The paper brought earlier that satisfies a material",
    response_class=Response,
    responses={
        200: {
            "description": "The file; the header `x-evidence` holds its evidence in base64url",
            "content": {"*/*": {}},
        },
        **refusals(NO_CASE, "cases.no-earlier-paper"),
    },
)
async def paper(case: CaseId, material: Material, request: Request, hub: TheHub, caller: CaseCaller) -> Response:
    """Opened for this case only, and logged."""
    consumer = caller.party.id
    found = await work(request, lambda: hub.cases.earlier_paper(consumer, number_of(hub, consumer, case), material))
    headers = {
        "content-disposition": "attachment",
        "x-content-type-options": "nosniff",
        "x-evidence": b64url(found.evidence.encode()),
    }
    return Response(found.content, media_type=found.media_type, headers=headers)


@router.get("/{case}/papers", summary="Papers that the people of a case brought", responses=refusals(NO_CASE))
async def papers(case: CaseId, request: Request, hub: TheHub, caller: CaseCaller) -> list[PaperView]:
    """Those that this service took in, and those that may serve this matter; what was taken back is left out."""
    consumer = caller.party.id
    found = await work(request, lambda: hub.cases.papers(consumer, number_of(hub, consumer, case)))
    return [paper_view(each) for each in found]


@router.post(
    "/{case}/papers/{paper}/withdrawal",
    summary="Take a paper back",
    status_code=204,
    responses=refusals(NO_CASE, "cases.no-earlier-paper"),
)
async def withdraw_paper(case: CaseId, paper: PaperId, request: Request, hub: TheHub, caller: CaseCaller) -> None:
    """The subject takes back a paper: it serves no later case, and that it was withdrawn is logged."""
    consumer = caller.party.id
    await work(request, lambda: hub.cases.withdraw_paper(consumer, number_of(hub, consumer, case), paper))
