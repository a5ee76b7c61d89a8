// What a bundle, a trust policy, a request and an answer may hold: a misspelt member is refused, never passed over.
"use strict";

const HubForms = (() => {
  const S = HubStrict;

  const isSaid = (value) => value !== null && value !== undefined;
  const isText = (value) => typeof value === "string";
  const badForm = () => S.refuse("form", "The file is not of the form prescribed.", "文件格式不符合规定。");
  const require = (holds) => holds || badForm();
  const requireKnown = (object, names) => require(S.isObject(object) && Object.keys(object).every((name) => names.includes(name)));
  const member = (object, name, otherwise) => (name in object ? object[name] : otherwise);

  /** One name for a party's key; parts of another split never meet. */
  const keyName = (party, kid) => JSON.stringify([party, kid]);

  // --- the bundle --------------------------------------------------------------------------------------------------

  const TEXTS = ["request", "answer", "entry", "salt", "receipt", "seal"];
  const LISTS = ["keys", "status_lists"];
  const BUNDLE_BYTES = 16 * 1024 * 1024;

  const LISTED = ["token", "entry", "index", "path"];

  /** What a status list is in each version: a token, or a token with its place in the log. */
  const LIST_FORMS = new Map([
    [1, isText],
    [2, (each) => S.isObject(each) && LISTED.every((name) => name in each) && Object.keys(each).length === LISTED.length && isListed(each)],
  ]);
  const isListed = ({ token, entry, index, path }) => Number.isSafeInteger(index) && Array.isArray(path) && [token, entry, ...path].every(isText);

  function readBundle(bytes) {
    require(bytes.length <= BUNDLE_BYTES);
    const bundle = S.strictJson(S.textOf(bytes));
    const members = ["version", ...TEXTS, ...LISTS];
    requireKnown(bundle, members);
    require(members.every((name) => name in bundle) && LIST_FORMS.has(bundle.version));
    require(TEXTS.every((name) => isText(bundle[name])) && LISTS.every((name) => Array.isArray(bundle[name])));
    require(bundle.status_lists.every(LIST_FORMS.get(bundle.version)));
    return bundle;
  }

  // --- the trust policy --------------------------------------------------------------------------------------------

  const POLICY = ["version", "hub", "parties", "witnesses", "quorum", "key_life", "max_status_age_seconds"];
  const LIFE = ["party", "jwk", "from", "until", "revoked", "compromised_since", "log_size", "reason"];

  /** The keys of one party, by their ids. */
  async function keysOf(holder) {
    const { jwks } = S.isObject(holder) ? holder : {};
    const listed = S.isObject(jwks) ? jwks.keys : jwks;
    require(Array.isArray(listed) && listed.every(S.isObject));
    const keys = new Map();
    for (const jwk of listed) {
      const key = await S.publicKey(jwk);
      require(!keys.has(key.kid));
      keys.set(key.kid, key);
    }
    return keys;
  }

  /** The policy with its keys, witnesses and the lives of its keys read. */
  async function readPolicy(bytes) {
    const policy = S.strictJson(S.textOf(bytes));
    requireKnown(policy, POLICY);
    require(policy.version === 1 && S.isObject(policy.hub) && isText(policy.hub.id));
    requireKnown(policy.hub, ["id", "jwks", "log_vkey", "origin"]);
    const own = await keysOf(policy.hub);
    const [parties, witnesses, quorum] = [member(policy, "parties", {}), member(policy, "witnesses", []), member(policy, "quorum", 0)];
    require(S.isObject(parties) && Array.isArray(witnesses) && witnesses.every(isText) && isText(policy.hub.log_vkey));
    const keys = new Map([...own].map(([kid, key]) => [keyName(policy.hub.id, kid), key]));
    for (const [party, holder] of Object.entries(parties)) {
      requireKnown(holder, ["jwks", "evidence"]);
      const types = member(holder, "evidence", []);
      require(Array.isArray(types) && types.every(isText));
      for (const [kid, key] of await keysOf(holder)) {
        require(party !== policy.hub.id || own.get(kid)?.name === key.name);
        keys.set(keyName(party, kid), key);
      }
    }
    const age = policy.max_status_age_seconds;
    require(!isSaid(age) || Number.isSafeInteger(age));
    const lives = await livesOf(member(policy, "key_life", []));
    require([...lives.keys()].every((name) => keys.has(name)));
    return { ...policy, parties, quorum, keys, lives, ...(await logOf(policy.hub, witnesses, quorum)) };
  }

  /** The log's key, and those of its witnesses: several keys under one name are one institution's. */
  async function logOf(hub, vkeys, quorum) {
    const log = await S.noteVerifier(hub.log_vkey);
    require(log.kind !== "cosignature" && member(hub, "origin", log.name) === log.name);
    const witnesses = [];
    for (const vkey of vkeys) witnesses.push(await S.noteVerifier(vkey));
    require(new Set([log, ...witnesses].map(({ key }) => key)).size === witnesses.length + 1);
    require(witnesses.every(({ kind }) => kind !== "ed25519"));
    require(Number.isSafeInteger(quorum) && quorum >= 0 && quorum <= new Set(witnesses.map(({ name }) => name)).size);
    return { log, witnesses };
  }

  /** When each key on these lines counted: from its beginning up to, and not including, its first end. */
  async function livesOf(lines) {
    require(Array.isArray(lines));
    const lives = new Map();
    for (const line of lines) {
      requireKnown(line, LIFE);
      require(S.isObject(line.jwk) && isText(line.party));
      const name = keyName(line.party, (await S.publicKey(line.jwk)).kid);
      const { until, revoked, compromised_since: stolen = null, log_size: size = null } = line;
      const ends = [until, revoked, stolen].filter(isSaid);
      require([line.from ?? 0, size ?? 0, ...ends].every(Number.isSafeInteger) && !lives.has(name));
      lives.set(name, { begins: line.from ?? -Infinity, ends: Math.min(Infinity, ...ends), stolen, size });
    }
    return lives;
  }

  // --- the request -------------------------------------------------------------------------------------------------

  const CLAIMS = ["iss", "aud", "iat", "nbf", "exp", "jti", "subject", "matter", "case", "basis", "officer", "wanted"];
  const CODE = /^[!-~]{1,64}$/;
  const SOMEBODY = /^(?:[0-9]{15}|[0-9]{17}[0-9Xx]|1[0-9]{10})$/;
  const PATTERN = /^(?:\*|[a-z][a-z0-9_]{0,60})(?:\.(?:\*|[a-z][a-z0-9_]{0,60}|[0-9]{1,4})){0,7}$/;

  const badClaim = (name) => S.refuse("request-claim", `A claim of the request is not of the form prescribed: ${name}.`, `请求的声明格式不符：${name}。`);
  const isShort = (text) => isText(text) && text.length > 0 && [...text].length <= 300;
  const isCode = (text) => isText(text) && CODE.test(text) && !SOMEBODY.test(text);

  function checkSubject(told) {
    if (!S.isObject(told)) badClaim("subject");
    const names = Object.keys(told);
    const isPairwise = names.length === 1 && "pairwise" in told;
    const isNamed = ["kind", "number", "name"].every((name) => name in told) && names.every((name) => ["kind", "number", "name", "birth_date"].includes(name));
    if (!isPairwise && !(isNamed && ["resident", "legal_person"].includes(told.kind))) badClaim("subject");
    if (!Object.values(told).every(isShort)) badClaim("subject");
  }

  function checkWanted(wanted) {
    if (!Array.isArray(wanted) || wanted.length < 1 || wanted.length > 30) badClaim("wanted");
    for (const each of wanted) {
      if (!S.isObject(each) || Object.keys(each).sort().join() !== "claims,type" || !isCode(each.type)) badClaim("wanted");
      if (!Array.isArray(each.claims) || each.claims.length < 1 || each.claims.length > 60) badClaim("wanted");
      if (!each.claims.every((pattern) => isText(pattern) && PATTERN.test(pattern))) badClaim("wanted");
    }
    if (new Set(wanted.map(({ type }) => type)).size !== wanted.length) badClaim("wanted");
  }

  /** Returns when a request says no more and no less than one may. */
  function checkRequest(claims) {
    const unknown = Object.keys(claims).find((name) => !CLAIMS.includes(name));
    const wrong = ["iss", "jti", "case", "basis", "officer"].find((name) => !isShort(claims[name]));
    if (unknown ?? wrong) badClaim(unknown ?? wrong);
    if (!isCode(claims.matter)) badClaim("matter");
    checkSubject(claims.subject);
    checkWanted(claims.wanted);
  }

  // --- the answer --------------------------------------------------------------------------------------------------

  /** The lines of an answer: each whole, and the outcome on the whole what all of them say. */
  function linesIn({ evidence, outcome, exchange, jti }) {
    require(isText(exchange) && isText(jti) && Array.isArray(evidence) && evidence.length && evidence.every(S.isObject));
    for (const line of evidence) {
      const texts = ["presentation", "provider", "role", "reason"].map((name) => line[name]).filter(isSaid);
      require([line.type, ...texts].every(isText) && (!isSaid(line.as_of) || Number.isSafeInteger(line.as_of)));
      require(["released", "partial", "refused"].includes(line.outcome));
      require((line.outcome === "refused") !== isSaid(line.presentation));
    }
    const outcomes = new Set(evidence.map((line) => line.outcome));
    require(outcome === (outcomes.size === 1 ? evidence[0].outcome : "partial"));
    return evidence;
  }

  // --- whose the evidence is ---------------------------------------------------------------------------------------

  const PLACE = /^[1-9][0-9]{0,5}$/;
  const ON_TOP = ["", "self", "deceased"];

  const split = (role) => {
    const [base, ...rest] = (role ?? "").split(".");
    return { base, number: rest.length ? rest.join(".") : null };
  };

  /** Where somebody in `role` stands: `man` at man, `member.2` at members, 1. */
  function ownPath(role, claims) {
    const { base, number } = split(role);
    if (ON_TOP.includes(base)) return [];
    return `${base}s` in claims ? [`${base}s`, Number(number ?? 1) - 1] : [base];
  }

  const at = (claims, path) => path.reduce((value, step) => (isSaid(value) && typeof value === "object" && Object.hasOwn(value, step) ? value[step] : null), claims);

  /** Where somebody in `role` stands, however the role is written; where nobody is seen to, the role itself. */
  function placeOf(role, claims) {
    const path = ownPath(role, claims);
    return isSaid(at(claims, path)) ? path : [role];
  }

  /**
   * False when the evidence shows that nobody stands there: what holds somebody is in clear, whatever is disclosed. Of a
   * role that is called otherwise than its place, nothing can be said.
   */
  function hasRole(role, claims) {
    const { base, number } = split(role);
    if (ON_TOP.includes(base)) return number === null;
    if (!(base in claims) && !(`${base}s` in claims)) return true;
    if (number !== null && !(`${base}s` in claims && PLACE.test(number))) return false;
    return S.isObject(at(claims, ownPath(role, claims)));
  }

  const isNamed = (told) => S.isObject(told) && isText(told.number) && isText(told.name);
  const plain = (text) => text.normalize("NFKC").toUpperCase().replace(/[\s\u00ad\u00b7\u2022\u2027\u30fb.\u200b-\u200f\u2060\ufeff]/g, "");
  const digits = (text) => plain(text).replace(/^(\d{6})(?:19|20)(\d{9})[\dX]$/, "$1$2");
  const isOther = (meant, told) => digits(told.number) !== digits(meant.number) && plain(told.name) !== plain(meant.name);

  function objectsIn(value) {
    if (value === null || typeof value !== "object") return [];
    return [...(S.isObject(value) ? [value] : []), ...Object.values(value).flatMap(objectsIn)];
  }

  /**
   * True when number and name of its subject are both disclosed and both are others than those asked about. This page
   * does not know that 張 and 张 are one: beside another number it takes them for two names.
   */
  function isAboutAnother(meant, claims, role) {
    if (isSaid(meant.pairwise)) return false;
    const path = ownPath(role, claims);
    const own = at(claims, path);
    if (own !== null && (path.length || isNamed(own))) return isNamed(own) && isOther(meant, own);
    const named = objectsIn(claims).filter(isNamed);
    return named.length > 0 && named.every((each) => isOther(meant, each));
  }

  return { isSaid, badForm, keyName, readBundle, readPolicy, livesOf, checkRequest, linesIn, ownPath, placeOf, hasRole, isAboutAnother };
})();

globalThis.HubForms = HubForms;
