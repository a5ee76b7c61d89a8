// Verifies a bundle 核验包 against a trust policy 信任策略 in this browser alone, as a numbered checklist.
"use strict";

const HubVerifier = (() => {
  const S = HubStrict;
  const { refuse } = S;
  const LEEWAY_SECONDS = 5;

  // --- whom the policy trusts --------------------------------------------------------------------------------------

  const listOf = (jwks) => (Array.isArray(jwks) ? jwks : (jwks?.keys ?? []));
  const instant = (value) => (typeof value === "number" ? value : Date.parse(value) / 1000);
  const isSaid = (value) => value !== null && value !== undefined;

  /** Refuses a key that did not count at `at` (seconds since the epoch): not yet, no more, or compromised by then. */
  function requireCounting(line, at) {
    const ends = [line.until, line.revoked, line.compromised_since].filter(isSaid).map(instant);
    if ((isSaid(line.from) && instant(line.from) > at + LEEWAY_SECONDS) || ends.some((end) => end <= at)) {
      refuse("key-not-valid", `The key of ${line.party} did not count at that time.`, `${line.party} 的密钥在该时刻无效。`);
    }
  }

  /** The policy's key for (`kid`, `party`); the bundle's key history may only narrow when it counted. */
  function keyring({ policy, bundle }) {
    return async (kid, party, claims) => {
      const trusted = party === policy.hub.id ? policy.hub.jwks : policy.parties?.[party]?.jwks;
      for (const jwk of listOf(trusted)) {
        const key = await S.publicKey(jwk);
        if (key.kid !== kid) continue;
        for (const line of bundle.keys ?? []) {
          if (line.party === party && line.jwk?.kid === kid) requireCounting(line, claims.iat);
        }
        return key;
      }
      return null;
    };
  }

  // --- the steps ---------------------------------------------------------------------------------------------------

  function parsed(bytes, name) {
    const value = S.strictJson(S.textOf(bytes));
    if (!S.isObject(value) || value.version !== 1) refuse("version", `The ${name} is not of version 1.`, "版本不是 1。");
    return value;
  }

  const covers = (pattern, path) => {
    const [want, have] = [pattern.split("."), path];
    return want.length <= have.length && want.every((part, at) => part === "*" || part === String(have[at]));
  };

  async function opened(item, context) {
    const evidence = await S.verifySdJwt(item.presentation, context.keyFor);
    const { clear } = evidence;
    if (clear.iss !== item.provider) refuse("provider", "The evidence is not the named provider's.", "凭证签发方与应答所述不符。");
    const at = context.answer.claims.iat;
    if ((isSaid(clear.nbf) && clear.nbf > at + LEEWAY_SECONDS) || (isSaid(clear.exp) && clear.exp <= at)) {
      refuse("evidence-time", "The evidence did not count when the answer was signed.", "应答签发时凭证不在有效期内。");
    }
    return { item, ...evidence };
  }

  const said = (claims, path) => path.reduce((value, part) => value[part], claims);

  const STEPS = [
    {
      title: { en: "Bundle and trust policy are strict JSON of version 1", zh: "核验包与信任策略均为第 1 版严格 JSON" },
      async check(context) {
        context.bundle = parsed(context.bundleBytes, "bundle");
        context.policy = parsed(context.policyBytes, "trust policy");
        context.keyFor = keyring(context);
      },
    },
    {
      title: { en: "The request is signed by the consumer, with a key that the policy trusts", zh: "请求由数据需求方以信任策略所列密钥签名" },
      async check(context) {
        context.request = await S.verifyJws(context.bundle.request, "evidence-request+jwt", context.keyFor);
        const { iss, aud } = context.request.claims;
        if (aud !== context.policy.hub.id) refuse("audience", "The request is addressed to another hub.", "请求的受众不是该平台。");
        return { en: iss, zh: iss };
      },
    },
    {
      title: { en: "The answer is signed by the hub, for that consumer, to that request", zh: "应答由平台签名，发给该需求方，且对应该请求" },
      async check(context) {
        context.answer = await S.verifyJws(context.bundle.answer, "evidence-answer+jwt", context.keyFor);
        const { claims } = context.answer;
        if (claims.iss !== context.policy.hub.id) refuse("issuer", "The answer is not the hub's.", "应答不是该平台签发。");
        if (claims.aud !== context.request.claims.iss) refuse("audience", "The answer is for another consumer.", "应答的受众不是该需求方。");
        if (claims.request_digest !== S.b64url(context.request.digest)) refuse("other-request", "The answer is to another request.", "应答对应的是另一请求。");
        return { en: claims.outcome, zh: claims.outcome };
      },
    },
    {
      title: { en: "Each piece of evidence is signed by the department that answers for it", zh: "每份凭证均由负责的部门签名" },
      async check(context) {
        const presented = (context.answer.claims.evidence ?? []).filter((item) => item.presentation);
        context.opened = [];
        for (const item of presented) context.opened.push(await opened(item, context));
        const names = [...new Set(context.opened.map((one) => one.clear.iss))].join(", ");
        return { en: `${context.opened.length}: ${names}`, zh: `${context.opened.length}：${names}` };
      },
    },
    {
      title: { en: "Nothing was released that was not asked for", zh: "未披露任何未请求的数据项" },
      async check(context) {
        for (const { item, paths } of context.opened) {
          const asked = context.request.claims.wanted.filter((wanted) => wanted.type === item.type).flatMap((wanted) => wanted.claims);
          if (paths.some((path) => !asked.some((pattern) => covers(pattern, path)))) {
            refuse("not-asked", "The answer releases a claim that was not asked for.", "应答披露了未请求的数据项。");
          }
        }
      },
    },
    {
      title: { en: "The log entry is about this request and this answer", zh: "日志条目对应该请求与该应答" },
      async check(context) {
        context.entry = S.unb64url(context.bundle.entry);
        const entry = S.strictJson(S.textOf(context.entry));
        const digests = { request: S.b64url(context.request.digest), answer: S.b64url(context.answer.digest) };
        if (entry.request !== digests.request || entry.answer !== digests.answer) refuse("other-entry", "The entry is about another exchange.", "日志条目对应的是另一次交换。");
      },
    },
    {
      title: { en: "The receipt leads from the entry to the checkpoint's root", zh: "回执由该条目推导出检查点的根" },
      async check(context) {
        context.proof = S.parseProof(context.bundle.receipt);
        context.checkpoint = S.parseCheckpoint(context.proof.note.body);
        const { proof, checkpoint } = context;
        const root = await S.rootFrom(await S.leafHash(context.entry), proof.index, checkpoint.size, proof.hashes);
        if (!root || !S.equal(root, checkpoint.root)) refuse("tree", "The proof does not lead to the root.", "证明未能推导出该根。");
        return { en: `entry ${proof.index} of ${checkpoint.size}`, zh: `第 ${proof.index} 条，共 ${checkpoint.size} 条` };
      },
    },
    {
      title: { en: "The checkpoint is signed by the hub's log", zh: "检查点由该平台的日志签名" },
      async check(context) {
        const { origin, log_vkey: vkey } = context.policy.hub;
        const log = await S.noteVerifier(vkey);
        if (context.checkpoint.origin !== origin || log.name !== origin) refuse("origin", "The checkpoint is of another log.", "检查点属于另一日志。");
        if ((await S.signedBy(context.proof.note, log)) === null) refuse("unknown-log", "The log did not sign the checkpoint.", "检查点未经该日志签名。");
        return { en: origin, zh: origin };
      },
    },
    {
      title: { en: "Enough witnesses cosigned the checkpoint", zh: "检查点获得足够见证方共签" },
      async check(context) {
        const signed = new Set();
        for (const vkey of context.policy.witnesses ?? []) {
          const witness = await S.noteVerifier(vkey);
          if ((await S.signedBy(context.proof.note, witness)) !== null) signed.add(witness.name);
        }
        const quorum = context.policy.quorum ?? 0;
        if (signed.size < quorum) refuse("too-few-witnesses", `${signed.size} of ${quorum} witnesses cosigned.`, `共签 ${signed.size} 家，要求 ${quorum} 家。`);
        return { en: `${signed.size} of ${quorum}`, zh: `${signed.size} / ${quorum}` };
      },
    },
  ];

  // --- the verdict -------------------------------------------------------------------------------------------------

  const released = ({ item, claims, paths }) => ({
    type: item.type,
    provider: item.provider,
    claims: paths.map((path) => [path.join("."), said(claims, path)]),
  });

  function factsOf({ request, answer, checkpoint, proof }) {
    const lines = [
      ["Consumer", "数据需求方", request.claims.iss],
      ["Matter", "政务服务事项", request.claims.matter],
      ["Case", "办件", request.claims.case],
      ["Legal basis", "法律依据", request.claims.basis],
      ["Outcome", "结果", answer.claims.outcome],
      ["Answered at", "应答时间", new Date(answer.claims.iat * 1000).toISOString()],
      ["Log", "日志", `${checkpoint.origin} #${proof.index}`],
    ];
    return lines.map(([en, zh, value]) => ({ name: { en, zh }, value: typeof value === "string" ? value : JSON.stringify(value ?? "—") }));
  }

  /**
   * Runs every step in order; the first that fails ends it. Resolves to
   * {ok, verdict, steps: [{number, title, state, detail}], facts, evidence}; never rejects.
   */
  async function verify(bundleBytes, policyBytes) {
    const context = { bundleBytes, policyBytes };
    const steps = STEPS.map(({ title }, at) => ({ number: at + 1, title, state: "open", detail: null }));
    for (const [at, step] of STEPS.entries()) {
      try {
        steps[at].detail = (await step.check(context)) ?? null;
        steps[at].state = "good";
      } catch (fault) {
        const known = fault instanceof S.Refusal;
        steps[at].state = "bad";
        steps[at].code = known ? fault.code : "malformed";
        steps[at].detail = known ? { en: fault.en, zh: fault.zh } : { en: "The content is not of the form that this step needs.", zh: "内容格式不符合本步骤要求。" };
        const verdict = { en: `Refused at step ${at + 1}.`, zh: `核验不通过：第 ${at + 1} 步不符。` };
        return { ok: false, failed: at + 1, verdict, steps, facts: [], evidence: [] };
      }
    }
    const verdict = { en: "Everything holds.", zh: "核验通过，各步骤均相符。" };
    return { ok: true, failed: null, verdict, steps, facts: factsOf(context), evidence: context.opened.map(released) };
  }

  return { verify };
})();

globalThis.HubVerifier = HubVerifier;
