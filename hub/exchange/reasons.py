"""Why an answer 应答 refuses all or a part of what was asked: its codes, and what the asker should do."""

from typing import Final

REASONS: Final[dict[str, tuple[str, str]]] = {
    "exchange.subject-unknown": (
        "Nobody here is known by that; check number and name, or ask the applicant for the paper.",
        "查无此主体；请核对证件号码与姓名，或请申请人提交材料。",
    ),
    "exchange.subject-several": (
        "Several people or organisations could be meant; add the birth date, or ask for the paper.",
        "可能指向多个主体；请补充出生日期，或请申请人提交材料。",
    ),
    "exchange.subject-under-review": (
        "A steward must first decide whose records these are; ask again then, the case goes on meanwhile.",
        "主体归属待数据管理员复核；复核后再次请求，办件照常办理。",
    ),
    "exchange.case-unknown": (
        "No case of yours has this number; open it first.",
        "未查到贵方该编号的办件；请先登记办件。",
    ),
    "exchange.case-of-another-matter": (
        "The case is about another matter than the request; name the case's own.",
        "办件事项与请求事项不符；请填写办件对应的事项。",
    ),
    "exchange.case-closed": (
        "The case is closed, so nothing more is released for it.",
        "办件已办结，不再披露。",
    ),
    "exchange.subject-not-in-case": (
        "The case does not name this subject; add the person to the case, or ask about those in it.",
        "该主体不在办件中；请先在办件中登记该人，或只请求办件内的主体。",
    ),
    "exchange.type-unknown": (
        "The catalogue has no evidence type of this name today; look it up in the catalogue.",
        "目录中当日无此凭证类型；请查阅目录。",
    ),
    "exchange.nothing-held": (
        "Nothing valid of this type is held about the subject; ask the applicant for the paper.",
        "未持有该主体的此类有效凭证；请申请人提交材料。",
    ),
    "exchange.claims-not-granted": (
        "Your grant does not name these claims; ask for fewer, or apply for a grant that names them.",
        "共享授权未包含这些数据项；请减少请求项，或另行申请授权。",
    ),
    "exchange.claims-not-held": (
        "The evidence has none of these claims; ask for others, or for the paper.",
        "凭证中没有这些数据项；请改请求其他数据项，或请申请人提交材料。",
    ),
    "exchange.choice-needed": (
        "Several records could be meant; let the case say which, by answering its question.",
        "有多条登记可能适用；请在办件中选定所指的一条。",
    ),
    "exchange.key-compromised": (
        "The key that signed this evidence was compromised; wait until its department has issued it anew.",
        "签发该凭证的密钥已泄露；请待原部门重新签发。",
    ),
    "exchange.cannot-state": (
        "What is held does not decide this statement; ask for the evidence itself, or for the paper.",
        "现有凭证不足以作出该派生证明；请改请求原凭证，或请申请人提交材料。",
    ),
    "exchange.statement-under-review": (
        "A steward must first decide whether further records are this subject's; ask for the paper, or again then.",
        "是否另有登记信息属于该主体，尚待数据管理员复核；请申请人提交材料，或复核后再次请求。",
    ),
    "exchange.registry-never-received": (
        "The registry that this statement rests on has sent nothing yet; ask for the paper.",
        "该派生证明所依据的登记库尚未推送数据；请申请人提交材料。",
    ),
}
"""Whether a grant covers the request is said by `hub.sharing.rules`."""
