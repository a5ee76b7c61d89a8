"""The reasons of a checklist 材料清单 in words for the applicant, English and Chinese, each with a stable code."""

from collections.abc import Mapping
from typing import Final

from hub.cases.model import Reason

SUB_ITEM: Final = "sub-item"
"""The question in which of its situations 情形 a matter is applied for."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "held": (
        "{provider} holds it, as of {as_of}; you need not bring it.",
        "{provider}已有该信息（截至{as_of}），无需提交。",
    ),
    "statement": ("The registries can state it; you need not bring it.", "可由登记信息出具证明，无需提交。"),
    "obtainable": (
        "{provider} supplies it when asked, within {days} working days; you need not bring it.",
        "可向{provider}申请调取，{days}个工作日内取得，无需提交。",
    ),
    "asked-for": (
        "{provider} was asked for it on {on} and has {days} working days; you need not bring it.",
        "已于{on}向{provider}申请调取，{days}个工作日内取得，无需提交。",
    ),
    "provider-away": (
        "{provider} keeps it and takes no part in the hub yet, so it cannot be asked",
        "该信息由{provider}掌握，而其尚未接入枢纽，无法代为调取",
    ),
    "nothing-found": ("{provider} was asked and found nothing ({on})", "{provider}查无该信息（{on}）"),
    "brought-earlier": (
        "You brought it for case {case} on {on}; it is still valid.",
        "您已于{on}在办件{case}中提交，仍在有效期内，无需重复提交。",
    ),
    "delivered": ("Handed in for this case on {on}.", "已于{on}在本办件中提交。"),
    "form-lead": (
        "One form for the whole matter, already filled in as far as known: check and sign it.",
        "一张表单，已预填已知信息，请核对并签字。",
    ),
    "form-part": ("Part of the one form; nothing to bring.", "已并入一张表单，无需另交。"),
    "commitment": (
        "You may promise it in writing instead of bringing proof.",
        "可采用告知承诺，书面承诺后无需提交证明。",
    ),
    "not-this-sub-item": ("Not demanded in your situation ({sub_item}).", "您所办情形（{sub_item}）不需要。"),
    "sub-item-open": ("Depends on your situation; say which it is.", "取决于您所办的情形，请先选择。"),
    "condition-not-met": ("Only demanded if: {condition}.", "仅在以下情形需要：{condition}。"),
    "nobody-concerned": ("Only demanded if the case has: {role}.", "仅在办件涉及以下人员或单位时需要：{role}。"),
    "condition-open": ("Depends on your answer: {condition}?", "取决于您的情况：{condition}？"),
    "people-missing": ("Name who this is about first: {role}.", "请先填写相关人员或单位：{role}。"),
    "identity-open": ("It is not yet clear who is meant: {role}.", "相关人员或单位身份尚未确定：{role}。"),
    "identity-under-review": (
        "a data steward is checking whose records these are ({role}); you may also wait for the result",
        "数据管理员正在核实身份（{role}），也可等待核实结果",
    ),
    "which-one": (
        "Several records could be meant; name one by its day of registration (2001-06-01) or its certificate's number.",
        "有多条登记记录，请以登记日期（如 2001-06-01）或证书编号指明是哪一条。",
    ),
    "nobody-else": ("Only you have it: please bring it.", "仅您持有，请提交。"),
    "to-bring": ("Please bring it{why}", "请提交{why}"),
    "gap": (
        "The case is accepted without it; please bring it by {on} at the latest{why}",
        "可容缺受理，请最迟于{on}补交{why}",
    ),
    "cannot": ("It cannot be confirmed{why}", "无法确认{why}"),
    "not-held": ("no registry here holds it for {role}", "登记库中没有{role}的该信息"),
    "stale": ("what is held is older than allowed", "已有信息超过时效"),
    "expired": (
        "what {provider} issued ended on {on}; it counts again once it is renewed there",
        "{provider}出具的凭证已于{on}到期，在该单位换发后即可使用",
    ),
    "not-begun": ("what {provider} issued counts from {on} on", "{provider}出具的凭证自{on}起有效"),
    "checks-fail": ("what is registered does not meet the requirement", "登记信息不符合要求"),
    "not-permitted": (
        "a registry holds it, but this office has no permission for it yet",
        "登记库已有该信息，但本部门尚无共享授权",
    ),
    "contradicted": ("the registries say otherwise about {role}", "{role}的登记信息与此不符"),
    "cannot-state": ("the registries do not know {role}", "登记库中查无{role}"),
    "registry-unheard": (
        "a registry that this rests on has sent nothing to the hub yet",
        "所依据的登记库尚未接入枢纽",
    ),
    "never-brought": ("nothing that may be used again was brought earlier", "此前未提交过可复用的材料"),
    "brought-expired": ("what was brought earlier is no longer valid", "此前提交的材料已失效"),
    "person-unknown": ("the registries do not know {role}", "登记库中查无{role}"),
    "committed": ("Promised in writing on {on}.", "已于{on}书面承诺。"),
    "commitment-not-offered": (
        "A written promise is not possible for this material.",
        "本材料不适用告知承诺。",
    ),
    "commitment-high-risk": (
        "A written promise is not possible in a matter of high risk.",
        "本事项风险较高，不适用告知承诺。",
    ),
    "commitment-broken": (
        "a written promise is not possible after an earlier false one",
        "曾有虚假承诺记录，不适用告知承诺",
    ),
    "not-permitted-to-ask": (
        "{provider} supplies it when asked, but this office has no permission for it yet",
        "可由{provider}调取，但本部门尚无共享授权",
    ),
    "no-calendar": (
        "a day for handing it in later cannot be set until a working-day calendar of that year is loaded",
        "该年度工作日历尚未发布，无法确定容缺补交期限",
    ),
    "applicant-recorded-dead": (
        "A registry records the applicant's death. If that is wrong, object to it; the case goes on meanwhile.",
        "登记信息显示申请人已死亡。如有误，可提出异议核实，不影响办理。",
    ),
    "participant-unknown": ("The registries do not know: {role}.", "登记库中查无：{role}。"),
}


def reason(code: str, **facts: object) -> Reason:
    """The reason ``code`` with its words; ``facts`` may give ``x`` and ``x_zh`` where a word differs by language."""
    en, zh = _WORDS[code]
    chinese = {name.removesuffix("_zh"): value for name, value in facts.items() if name.endswith("_zh")}
    return Reason(code, en.format(**facts), zh.format(**{**facts, **chinese}))


def because(code: str, why: list[Reason], **facts: object) -> Reason:
    """The reason ``code`` followed by why, each said once; its words end there."""
    en = "; ".join(dict.fromkeys(each.en.removesuffix(".") for each in why))
    zh = "；".join(dict.fromkeys(each.zh.removesuffix("。") for each in why))
    return reason(code, why=f": {en}." if en else ".", why_zh=f"（{zh}）。" if zh else "。", **facts)
