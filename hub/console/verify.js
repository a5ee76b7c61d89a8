// Verifies a bundle 核验包 against a trust policy 信任策略 in this browser alone, as a numbered checklist.
"use strict";

const HubVerifier = (() => {
  const S = HubStrict;
  const { refuse } = S;

  // --- whose word counts -------------------------------------------------------------------------------------------

  const F = HubForms;
  const { isSaid, badForm } = F;

  /**
   * The time of a signature is its signer's claim. Of a key that somebody else had, it counts only when the log or its
   * witnesses show that the message was there before; `logged` says where and by when.
   */
  function countedAt(life, at, logged) {
    const isWithin = life.begins <= at && at < life.ends;
    if (life.stolen === null) return isWithin;
    return isWithin && ((life.size !== null && logged.index < life.size) || (logged.by !== null && logged.by <= life.stolen));
  }

  const counted = ({ history, told }, { party, kid, at }, logged) => {
    const [life, own] = [history, told].map((lives) => lives.get(F.keyName(party, kid)));
    return Boolean(life) && countedAt(life, at, logged) && (!own || countedAt(own, at, logged));
  };

  /** Where the receipt says the entry is, and by when a quorum had cosigned; the last step proves that it is so. */
  async function placeOf({ bundle, policy }) {
    const proof = S.parseProof(bundle.receipt);
    const times = [...(await cosigners(policy, proof.note)).values()].sort((a, b) => a - b);
    const { quorum } = policy;
    return { index: proof.index, by: quorum && times.length >= quorum ? times[quorum - 1] : null };
  }

  /** The message `token`, and a note of who signed it when, for the step about keys. */
  async function signedMessage(context, token, typ, issuer) {
    const message = await S.verifyJws(token, typ, context.keyFor);
    noteSigner(context, message);
    if (issuer && message.claims.iss !== issuer) refuse("other-signer", "A message is signed by somebody else.", "报文签名方不符。");
    return message;
  }

  function noteSigner(context, { claims, key }) {
    if (!Number.isSafeInteger(claims.iat)) badForm();
    context.signers.push({ party: claims.iss, kid: key.kid, at: claims.iat });
  }

  // --- what was asked for ------------------------------------------------------------------------------------------

  const NEVER_SHARED = ["source", "quality"];

  /** True when a pattern covers the claim at `path`; `self` stands for `own`, `*` for every element of a list. */
  function covers(pattern, path, own) {
    const [first, ...rest] = pattern.split(".");
    const want = first === "self" ? [...own, ...rest] : [first, ...rest];
    if (want.length === 1 && want[0] === "*") return true;
    return want.length <= path.length && want.every((part, at) => (part === "*" ? typeof path[at] === "number" : String(part) === String(path[at])));
  }

  const commit = async (salt, text) => {
    const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return S.b64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, S.utf8.encode(text))));
  };

  // --- the steps, numbered as `hub verify` numbers them ------------------------------------------------------------

  const ANSWER_SECONDS = 120;
  const REQUEST_SECONDS = 60;
  const SALT_BYTES = 32;
  const ENTRY_BYTES = 4096;
  const STATEMENTS = "urn:hub:statement:";
  const same = (text) => ({ en: text, zh: text });

  /** The hub signs statements and nothing else; a type that the policy names for parties counts from those alone. */
  function answersFor({ hub, parties }, type, party) {
    const named = Object.entries(parties).filter(([, { evidence }]) => (evidence ?? []).includes(type));
    return type.startsWith(STATEMENTS) === (party === hub.id) && (!named.length || named.some(([id]) => id === party));
  }

  const STEPS = [
    {
      title: { en: "The bundle is well formed", zh: "核验包格式完整" },
      async check(context) {
        context.policy = await F.readPolicy(context.policyBytes);
        context.bundle = F.readBundle(context.bundleBytes);
        context.keyFor = (kid, party) => context.policy.keys.get(F.keyName(party, kid)) ?? null;
        context.signers = [];
        return same(`version ${context.bundle.version}`);
      },
    },
    {
      title: { en: "It is sealed by the hub", zh: "核验包由枢纽封签" },
      async check(context) {
        const sealed = await signedMessage(context, context.bundle.seal, "bundle-seal+jwt", context.policy.hub.id);
        const { seal: _seal, ...content } = context.bundle;
        const digest = S.b64url(await S.sha256(S.utf8.encode(S.canonicalJson(content))));
        if (sealed.claims.digest !== digest) refuse("altered", "The bundle is not the one that the hub sealed.", "核验包与枢纽封签的内容不符。");
        return same(context.policy.hub.id);
      },
    },
    {
      title: { en: "The request is signed by the consumer", zh: "请求由数据需求方签名" },
      async check(context) {
        context.request = await signedMessage(context, context.bundle.request, "evidence-request+jwt");
        F.checkRequest(context.request.claims);
        const { iss, aud, iat, exp } = context.request.claims;
        if (aud !== context.policy.hub.id) refuse("foreign", "The request is addressed to another hub.", "请求是发给其他枢纽的。");
        if (iss === context.policy.hub.id) refuse("own-request", "The hub asked itself.", "请求由枢纽自己签名。");
        if (!Number.isSafeInteger(exp)) badForm();
        if (!(exp > iat && exp - iat <= REQUEST_SECONDS)) refuse("lifetime", "The request lives longer than any may.", "请求有效期超出上限。");
        return same(iss);
      },
    },
    {
      title: { en: "The answer is signed by the hub", zh: "应答由枢纽签名" },
      async check(context) {
        context.answer = await signedMessage(context, context.bundle.answer, "evidence-answer+jwt", context.policy.hub.id);
        context.shown = F.linesIn(context.answer.claims).filter((item) => isSaid(item.presentation));
        return same(context.answer.claims.outcome);
      },
    },
    {
      title: { en: "The answer is to this request", zh: "应答对应该请求" },
      async check({ request, answer }) {
        const [asked, told] = [request.claims, answer.claims];
        if (told.aud !== asked.iss || told.request_digest !== S.b64url(request.digest) || told.case !== asked.case) {
          refuse("unrelated", "The answer is not to this request.", "应答与请求不对应。");
        }
        const { nbf = asked.iat } = asked;
        if (!Number.isSafeInteger(nbf)) badForm();
        if (!(told.iat >= Math.max(asked.iat, nbf) - ANSWER_SECONDS && told.iat <= asked.exp + ANSWER_SECONDS)) {
          refuse("untimely", "The answer was not signed while the request lived.", "应答时间不在请求有效期内。");
        }
        const types = [told.evidence, asked.wanted].map((lines) => [...new Set(lines.map(({ type }) => type))].sort().join("\n"));
        if (types[0] !== types[1]) refuse("other-lines", "The answer is not to just what was asked for.", "应答与所请求类型不一致。");
        return same(asked.case);
      },
    },
    {
      title: { en: "It is about the subject asked about", zh: "应答所涉主体即所请求的主体" },
      async check({ request, answer, shown }) {
        const [asked, told] = [request.claims.subject.pairwise, answer.claims.subject];
        if (isSaid(told) && typeof told !== "string") badForm();
        if (isSaid(asked) && isSaid(told) && asked !== told) refuse("other-subject", "The answer is about somebody else.", "应答所涉主体与请求不符。");
        if (!isSaid(told) && shown.length) refuse("no-subject", "Evidence is shown about nobody named.", "应答披露了凭证但未写明主体。");
        return same(told ?? "—");
      },
    },
    {
      title: { en: "Each piece of evidence is signed by the department named, and of the type named", zh: "每份凭证均由所列部门签名，且类型相符" },
      async check(context) {
        context.opened = [];
        for (const item of context.shown) {
          const evidence = await S.verifySdJwt(item.presentation, context.keyFor);
          if (evidence.claims.iss !== item.provider || evidence.claims.vct !== item.type) {
            refuse("other-evidence", "Evidence is not of the provider and type named.", "凭证的提供方或类型与应答不符。");
          }
          if (!answersFor(context.policy, item.type, item.provider)) {
            refuse("not-its-word", "Evidence is signed by a party that does not answer for it.", "凭证由不对其负责的一方签名。");
          }
          const { role, as_of: asOf = null } = item;
          if (!F.hasRole(role, evidence.claims) || ("as_of" in evidence.claims && evidence.claims.as_of !== asOf)) {
            refuse("other-role", "The answer names a role or a date that the evidence does not have.", "应答所列角色或日期与凭证不符。");
          }
          if (F.isAboutAnother(context.request.claims.subject, evidence.claims, role)) {
            refuse("other-person", "Evidence has another name and number than were asked about.", "凭证所载姓名与号码均与请求不符。");
          }
          noteSigner(context, evidence);
          if (evidence.claims.iat > context.answer.claims.iat + ANSWER_SECONDS) {
            refuse("evidence-later", "Evidence was signed after the answer that shows it.", "凭证的签发晚于披露它的应答。");
          }
          context.opened.push({ item, ...evidence });
        }
        if (new Set(context.opened.map(seenIn)).size < context.opened.length) {
          refuse("evidence-twice", "Two lines show the same evidence, as if there were two pieces.", "应答有两行披露同一份凭证，形同两份。");
        }
        const names = [...new Set(context.opened.map(({ item }) => item.provider))].join(", ");
        return { en: `${context.opened.length}: ${names}`, zh: `${context.opened.length} 份：${names}` };
      },
    },
    {
      title: { en: "Nothing is disclosed that was not asked for", zh: "未披露任何未请求的数据项" },
      async check({ request, answer, opened }) {
        for (const { item, claims, paths } of opened) {
          const asked = request.claims.wanted.find(({ type }) => type === item.type).claims;
          const own = F.ownPath(item.role, claims);
          const isAsked = (path) => !NEVER_SHARED.includes(path[0]) && asked.some((pattern) => covers(pattern, path, own));
          if (!paths.every(isAsked)) refuse("too-much", "More is disclosed than was asked for.", "披露内容超出请求范围。");
          const isAbout = isSaid(claims.sub) || item.type.startsWith(STATEMENTS);
          if (isAbout && claims.sub !== answer.claims.subject) refuse("other-subject", "A statement is about somebody else.", "派生证明所涉主体与应答不符。");
        }
        return same(String(opened.reduce((sum, { paths }) => sum + paths.length, 0)));
      },
    },
    {
      title: { en: "Every key counted when it signed", zh: "每把密钥在签名时有效" },
      async check(context) {
        const { bundle, policy, signers } = context;
        context.lives = { history: await F.livesOf(bundle.keys), told: policy.lives };
        const logged = (context.logged = await placeOf(context).catch(() => NOWHERE));
        for (const [number, signer] of signers.entries()) {
          // The first is the seal, which no log entry bounds.
          if (!counted(context.lives, signer, number ? logged : NOWHERE)) {
            refuse("key-not-counted", `A key of ${signer.party} did not count when it signed.`, `${signer.party} 的密钥在签名时无效。`);
          }
        }
        return same(String(new Set(signers.map(({ party, kid }) => F.keyName(party, kid))).size));
      },
    },
    {
      title: { en: "The log entry commits to request and answer", zh: "日志条目锁定该请求与该应答" },
      async check(context) {
        const { bundle, request, answer } = context;
        context.entry = S.unb64url(bundle.entry);
        const [entry, salt] = [S.strictJson(S.textOf(context.entry)), S.unb64url(bundle.salt)];
        if (context.entry.length > ENTRY_BYTES || salt.length !== SALT_BYTES || !S.isObject(entry) || typeof entry.id !== "string") badForm();
        const expected = {
          v: 1,
          kind: "exchange",
          exchange: answer.claims.exchange,
          consumer: request.claims.iss,
          matter: request.claims.matter,
          outcome: answer.claims.outcome,
          request: S.b64url(request.digest),
          answer: S.b64url(answer.digest),
          subject: await commit(salt, answer.claims.subject ?? ""),
          case: await commit(salt, request.claims.case),
          basis: await commit(salt, request.claims.basis),
          officer: await commit(salt, request.claims.officer),
          shown: await commit(salt, shownIn(context)),
        };
        const told = Object.entries(toldInClear(context)).filter(([name]) => name in entry);
        const wrong = [...Object.entries(expected), ...told].find(([name, value]) => !(name in entry) || S.canonicalJson(entry[name]) !== S.canonicalJson(value))?.[0];
        if (wrong) refuse("other-entry", `The log entry says otherwise: ${wrong}.`, `日志条目与应答不符：${wrong}。`);
        if (S.canonicalJson(entry) !== S.textOf(context.entry)) refuse("other-entry", "The entry is not in canonical form.", "日志条目不是规范格式。");
        return same(entry.id);
      },
    },
    {
      title: { en: "The receipt proves the entry in the log", zh: "回执证明该条目在日志中" },
      async check(context) {
        const { policy, bundle } = context;
        const proof = S.parseProof(bundle.receipt);
        const checkpoint = S.parseCheckpoint(proof.note.body);
        const { log } = policy;
        if (checkpoint.origin !== log.name || (await S.signedBy(proof.note, log)) === null) {
          refuse("unknown-log", "The hub's log did not sign the checkpoint.", "检查点未经该枢纽的日志签名。");
        }
        const root = await S.rootFrom(await S.leafHash(context.entry), proof.index, checkpoint.size, proof.hashes);
        if (!root || !S.equal(root, checkpoint.root)) refuse("tree", "The proof does not lead to the root.", "证明未能推导出该根。");
        const cosigned = await cosigners(policy, proof.note);
        if (cosigned.size < policy.quorum) refuse("too-few-witnesses", "Too few witnesses cosigned that this browser can check.", "本浏览器可核验的见证方共签数量不足。");
        context.checkpoint = checkpoint;
        context.place = `${checkpoint.origin} #${proof.index}`;
        const by = [...cosigned.keys()].join(", ") || "—";
        return { en: `index ${proof.index} of ${checkpoint.size}; witnesses: ${by}`, zh: `索引 ${proof.index}，共 ${checkpoint.size} 条；见证方：${by}` };
      },
    },
    {
      title: { en: "The evidence stood when it was released", zh: "凭证在披露时有效" },
      async check(context) {
        const lists = [];
        for (const member of context.bundle.status_lists) {
          const list = await statusList(context, member.token ?? member);
          const index = member.token ? await indexOf(context, member, list) : null;
          const place = index === null ? NOWHERE : { index, by: context.logged.by };
          if (counted(context.lives, { party: list.iss, kid: list.kid, at: list.iat }, place)) lists.push({ ...list, index });
        }
        const told = context.opened.map(({ claims }) => statusOf(claims, lists, context)).filter((one) => one !== null);
        const shown = told.filter(({ age }) => age !== null).length;
        const since = told.filter(({ ended }) => ended).length;
        return {
          en: `${shown} of ${told.length} shown valid at release${since ? `, ${since} ended since` : ""}`,
          zh: `${told.length} 份中 ${shown} 份有状态列表证明${since ? `，其后失效 ${since} 份` : ""}`,
        };
      },
    },
  ];

  /** Which evidence a line shows, by what was signed, and as whose: one record may name a person in two roles. */
  const seenIn = ({ item, claims }) => {
    const [jws] = item.presentation.split("~");
    return JSON.stringify([jws.slice(0, jws.lastIndexOf(".")), F.placeOf(item.role, claims)]);
  };

  /** What the entry commits to of an answer: each line without values, with the names of the claims that it shows. */
  const shownIn = ({ answer, opened }) =>
    S.canonicalJson(
      answer.claims.evidence.map((item) => {
        const paths = opened.find((each) => each.item === item)?.paths ?? [];
        const named = ["type", "outcome", "reason", "provider"].map((name) => [name, item[name] ?? null]);
        return Object.fromEntries([...named, ["claims", paths.map((path) => path.join(".")).sort()]]);
      }),
    );

  const sorted = (texts) => [...new Set(texts)].sort();

  /** What an auditor reads of the exchange in the log itself. */
  const toldInClear = ({ request, answer, shown }) => ({
    reason: answer.claims.reason ?? null,
    asked: sorted(request.claims.wanted.map(({ type }) => type)),
    released: sorted(shown.map(({ type }) => type)),
    providers: sorted(shown.map(({ provider }) => provider)),
  });

  const NOWHERE = { index: Infinity, by: null };

  /** The policy's witnesses whose Ed25519 cosignature holds, each with its time: one institution counts once. */
  async function cosigners(policy, note) {
    const times = new Map();
    for (const witness of policy.witnesses) {
      const at = await S.signedBy(note, witness);
      if (at !== null) times.set(witness.name, Math.min(at, times.get(witness.name) ?? Infinity));
    }
    return times;
  }

  // --- status lists (IETF draft-ietf-oauth-status-list) ------------------------------------------------------------

  const MAX_LIST_BYTES = 1024 * 1024;
  const MAX_TOKEN_BYTES = 2 * 1024 * 1024;
  const CLOCKS_SECONDS = 60;

  async function inflated(packed) {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    const pieces = [];
    for (let size = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return S.concat(...pieces);
      size += value.length;
      if (size > MAX_LIST_BYTES) badForm();
      pieces.push(value);
    }
  }

  /** Some engines pass over what stands behind the end of the packed content: then it is whole without its last byte. */
  async function unpacked(text) {
    const packed = S.unb64url(text);
    if (await inflated(packed.slice(0, -1)).then(() => true, () => false)) badForm();
    return inflated(packed);
  }

  /** The list in `token`; when its key did not count, such as a thief's, the list says nothing. */
  async function statusList(context, token) {
    const { claims, key, digest } = await S.verifyJws(token, "statuslist+jwt", context.keyFor, MAX_TOKEN_BYTES);
    const { iss, sub, iat, exp, ttl, status_list: told } = claims;
    if (typeof sub !== "string" || ![iat, exp, ttl].every(Number.isSafeInteger) || exp <= iat || ttl <= 0) badForm();
    if (![1, 2, 4, 8].includes(told?.bits)) badForm();
    const bytes = await unpacked(told.lst);
    if (!bytes.length) badForm();
    return { iss, sub, iat, exp, kid: key.kid, digest, bits: told.bits, bytes };
  }

  /** Where the log holds the entry beside a list, which names the list's digest; under the receipt's own checkpoint. */
  async function indexOf({ checkpoint }, { entry, index, path }, { digest }) {
    if (index < 0) badForm();
    const content = S.unb64url(entry);
    const said = S.strictJson(S.textOf(content));
    if (content.length > ENTRY_BYTES || !S.isObject(said) || typeof said.id !== "string" || S.canonicalJson(said) !== S.textOf(content)) badForm();
    if (said.v !== 1 || said.kind !== "status" || said.digest !== S.b64url(digest)) {
      refuse("status-unlogged", "The log entry beside a status list does not name that list.", "状态列表所附的日志条目与该列表不符。");
    }
    const hashes = path.map(S.unb64url);
    const root = hashes.every(({ length }) => length === 32) ? await S.rootFrom(await S.leafHash(content), BigInt(index), checkpoint.size, hashes) : null;
    if (!root || !S.equal(root, checkpoint.root)) refuse("tree", "The proof does not lead to the root.", "证明未能推导出该根。");
    return index;
  }

  const statusAt = ({ bits, bytes }, index) => {
    const place = Math.floor((index * bits) / 8);
    return place < bytes.length ? (bytes[place] >> ((index * bits) % 8)) & ((1 << bits) - 1) : null;
  };

  /**
   * Of the lists that a piece names, the newest that the log held before the answer decides, or where the bundle does not
   * say it, the newest signed before; a younger one may say that it ended since.
   */
  function statusOf(claims, lists, { answer, policy, logged }) {
    const { nbf = 0, exp = Number.MAX_SAFE_INTEGER } = claims;
    if (![nbf, exp].every(Number.isSafeInteger)) badForm();
    if (!(nbf <= answer.claims.iat + CLOCKS_SECONDS && answer.claims.iat < exp)) refuse("period", "Evidence was released outside its period of validity.", "凭证在有效期外被披露。");
    if (!isSaid(claims.status)) return null;
    const { uri, idx } = claims.status.status_list ?? {};
    if (typeof uri !== "string" || !Number.isSafeInteger(idx) || idx < 0) badForm();
    const at = answer.claims.iat;
    const own = lists.filter(({ sub, iss }) => sub === uri && iss === claims.iss).sort((a, b) => a.iat - b.iat);
    const before = own.filter(({ iat, index }) => (index === null ? iat <= at + CLOCKS_SECONDS : index < logged.index)).at(-1);
    const inForce = before && before.exp > at ? before : null;
    if (inForce && statusAt(inForce, idx) !== 0) refuse("status", "Evidence did not stand when it was released.", "凭证在披露时已失效。");
    const age = inForce ? Math.max(0, at - inForce.iat) : null;
    const most = policy.max_status_age_seconds;
    if (isSaid(most) && (age === null || age > most)) refuse("status-unknown", "No status list fresh enough shows that the evidence stood.", "没有足够新的状态列表证明凭证有效。");
    return { age, ended: own.length > 0 && ![0, null].includes(statusAt(own.at(-1), idx)) };
  }

  // --- the verdict -------------------------------------------------------------------------------------------------

  const said = (claims, path) => path.reduce((value, part) => value[part], claims);

  const released = ({ item, claims, paths }) => ({
    type: item.type,
    provider: item.provider,
    claims: paths.map((path) => [path.join("."), said(claims, path)]),
  });

  function factsOf({ request, answer, place }) {
    const lines = [
      ["Consumer", "数据需求方", request.claims.iss],
      ["Matter", "政务服务事项", request.claims.matter],
      ["Case", "办件", request.claims.case],
      ["Legal basis", "法律依据", request.claims.basis],
      ["Outcome", "结果", answer.claims.outcome],
      ["Answered at", "应答时间", new Date(answer.claims.iat * 1000).toISOString()],
      ["Log", "日志", place],
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
