// The bytes under every signature: one spelling of base64url, JSON, JWS, SD-JWT, note and Merkle proof; the rest is
// refused. Plain browser JavaScript on WebCrypto alone, written apart from the hub's own Python on purpose.
"use strict";

const HubStrict = (() => {
  class Refusal extends Error {
    constructor(code, en, zh) {
      super(en);
      this.code = code;
      this.en = en;
      this.zh = zh;
    }
  }

  const refuse = (code, en, zh) => {
    throw new Refusal(code, en, zh);
  };

  const utf8 = new TextEncoder();
  const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

  function textOf(bytes) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return refuse("json", "The content is not UTF-8.", "内容不是 UTF-8 编码。");
    }
  }

  function concat(...pieces) {
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

  // --- base64 ------------------------------------------------------------------------------------------------------

  function base64(bytes) {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }

  const b64url = (bytes) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

  function unbase64(text) {
    let decoded = null;
    try {
      decoded = atob(text);
    } catch {
      decoded = null;
    }
    if (decoded === null || btoa(decoded) !== text) refuse("base64", "A part is not canonical base64.", "某部分不是规范的 base64 编码。");
    return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  }

  function unb64url(text) {
    if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
      refuse("base64url", "A part is not canonical base64url without padding.", "某部分不是规范的无填充 base64url 编码。");
    }
    return unbase64(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4));
  }

  // --- JSON --------------------------------------------------------------------------------------------------------

  const badJson = (en = "The content is not strict JSON.", zh = "内容不是严格的 JSON。") => refuse("json", en, zh);

  /** The JSON value in `text`; a doubled key, a fraction, a lone surrogate, NUL or deep nesting is refused. */
  function strictJson(text, maxDepth = 16) {
    const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
    const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?![\d.eE])/y;
    let at = 0;

    const space = () => {
      while (at < text.length && " \t\n\r".includes(text[at])) at += 1;
    };
    const taken = (pattern) => {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (!found) badJson();
      at += found[0].length;
      return JSON.parse(found[0]);
    };
    const readText = () => {
      const value = taken(string);
      if (value.includes("\0") || LONE_SURROGATE.test(value)) badJson("A text holds NUL or half a character.", "文本含 NUL 或不完整字符。");
      return value;
    };
    const members = (close, read) => {
      at += 1;
      space();
      if (text[at] === close) {
        at += 1;
        return;
      }
      for (;;) {
        read();
        space();
        const next = text[at];
        at += 1;
        if (next === close) return;
        if (next !== ",") badJson();
        space();
      }
    };
    const read = (depth) => {
      space();
      if (text[at] === '"') return readText();
      if (text[at] !== "{" && text[at] !== "[") {
        const value = taken(scalar);
        if (typeof value === "number" && !Number.isSafeInteger(value)) badJson("An integer is too large to be exact.", "整数过大。");
        return value;
      }
      if (depth <= 0) badJson("The content is nested too deeply.", "内容嵌套过深。");
      if (text[at] === "[") {
        const list = [];
        members("]", () => list.push(read(depth - 1)));
        return list;
      }
      const object = Object.create(null);
      members("}", () => {
        const key = readText();
        if (key in object) badJson("An object names one key twice.", "JSON 对象中出现重复的键。");
        space();
        if (text[at] !== ":") badJson();
        at += 1;
        object[key] = read(depth - 1);
      });
      return object;
    };

    const value = read(maxDepth);
    space();
    if (at !== text.length) badJson();
    return value;
  }

  /** The one spelling of a value: sorted keys, no blanks (RFC 8785 for what strict JSON can hold). */
  function canonicalJson(value) {
    if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const keys = Object.keys(value);
    if (keys.some((key) => /[\uD800-\uDFFF]/.test(key))) badJson("A key is outside the Basic Multilingual Plane.", "键超出基本多文种平面。");
    const members = keys.sort().map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
    return `{${members.join(",")}}`;
  }

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  // --- keys and JWS ------------------------------------------------------------------------------------------------

  const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
  const P = 2n ** 255n - 19n;

  const badKey = () => refuse("bad-key", "A key is not a public key for signatures that is used here.", "密钥不是此处使用的签名公钥。");

  function power(base, exponent) {
    let [found, square] = [1n, base % P];
    for (let rest = exponent; rest > 0n; rest >>= 1n) {
      if (rest & 1n) found = (found * square) % P;
      square = (square * square) % P;
    }
    return found;
  }

  /** True for a point of edwards25519 (RFC 8032 §5.1.3) whose order is not 1, 2, 4 or 8, at which y is 0, ±1 or ±ix. */
  function isPointOfFullOrder(encoded) {
    let y = 0n;
    for (const byte of encoded.toReversed?.() ?? [...encoded].reverse()) y = (y << 8n) | BigInt(byte);
    y &= 2n ** 255n - 1n;
    const square = (y * y) % P;
    if (y >= P || square < 2n || (121665n * square * square - 243332n * square + 121666n) % P === 0n) return false;
    const fraction = (121666n * (square - 1n) * (((121666n - 121665n * square) % P) + P)) % P;
    return power(fraction, (P - 1n) / 2n) === 1n; // x² is a square
  }

  /** The algorithm's one name here; RFC 9864 prefers Ed25519 to EdDSA. */
  const normalAlgorithm = (name) => (name === "EdDSA" ? "Ed25519" : name);

  /** A public key from its JWK: what algorithm it uses is the key's word, never the message's. */
  async function publicKey(jwk) {
    const { use = "sig", key_ops: operations = ["verify"], kty, crv } = jwk;
    if (PRIVATE.some((name) => name in jwk) || use !== "sig" || !Array.isArray(operations) || !operations.includes("verify")) badKey();
    const [alg, names] = { "OKP Ed25519": ["Ed25519", ["x"]], "EC P-256": ["ES256", ["x", "y"]] }[`${kty} ${crv}`] ?? badKey();
    if ("alg" in jwk && normalAlgorithm(jwk.alg) !== alg) badKey();
    const coordinates = names.map((name) => unb64url(jwk[name]));
    if (coordinates.some(({ length }) => length !== 32) || (alg === "Ed25519" && !isPointOfFullOrder(coordinates[0]))) badKey();
    const members = { crv, kty, ...Object.fromEntries(names.map((name) => [name, jwk[name]])) };
    const how = alg === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const loaded = await crypto.subtle.importKey("jwk", members, how, false, ["verify"]).catch(badKey);
    const { kid = b64url(await sha256(utf8.encode(JSON.stringify(members)))) } = jwk;
    if (typeof kid !== "string" || !kid) badKey();
    return { kid, alg, name: JSON.stringify(members), verifies: (signature, message) => crypto.subtle.verify(how, loaded, signature, message) };
  }

  const MAX_BYTES = 4 * 1024 * 1024;

  /** The claims of a compact JWS of type `typ`, signed by the key that `keyFor(kid, iss, claims)` names. */
  async function verifyJws(token, typ, keyFor, most = MAX_BYTES) {
    const parts = typeof token === "string" && token.length <= most ? token.split(".") : [];
    if (parts.length !== 3) refuse("not-jws", "The content is not a JWS in compact form.", "内容不是 JWS 紧凑格式。");
    const header = strictJson(textOf(unb64url(parts[0])), 3);
    if (!isObject(header) || header.typ !== typ) refuse("typ", `The message is not of type ${typ}.`, `报文类型不是 ${typ}。`);
    if ("crit" in header || "b64" in header) refuse("crit", "The header demands an extension.", "报文头要求使用扩展。");
    if ("kid" in header && typeof header.kid !== "string") refuse("header", "The header's kid is not a text.", "报文头的 kid 不是文本。");
    const claims = strictJson(textOf(unb64url(parts[1])));
    if (!isObject(claims)) refuse("claims", "The claims are not a JSON object.", "声明不是 JSON 对象。");
    const key = await keyFor(header.kid, claims.iss, claims);
    if (!key) refuse("unknown-key", "No trusted key for this issuer and kid.", "信任策略中没有该签发方及 kid 的公钥。");
    if (normalAlgorithm(header.alg) !== key.alg) refuse("algorithm", "The algorithm is not the key's own.", "算法与密钥不符。");
    const signature = unb64url(parts[2]);
    if (signature.length !== 64 || !(await key.verifies(signature, utf8.encode(`${parts[0]}.${parts[1]}`)))) {
      refuse("bad-signature", "The signature does not match the content.", "签名与内容不符。");
    }
    return { header, claims, key, digest: await sha256(utf8.encode(token)) };
  }

  // --- SD-JWT (RFC 9901) -------------------------------------------------------------------------------------------

  const RESERVED = ["_sd", "...", "_sd_alg"];
  const ALWAYS_CLEAR = ["iss", "iat", "nbf", "exp", "jti", "vct", "cnf", "status", "aud", "sub"];
  const MAX_SD_JWT_BYTES = 262_144;
  const MAX_DISCLOSURES = 2_000;
  const MAX_DEPTH = 16;
  const badDisclosure = () => refuse("disclosure", "A disclosure is not of the form RFC 9901 prescribes.", "披露项格式不符合 RFC 9901。");

  /** The evidence in `token`: its clear claims, all presented claims, and the path of each disclosed value. */
  async function verifySdJwt(token, keyFor, typ = "dc+sd-jwt") {
    const parts = typeof token === "string" && token.length <= MAX_SD_JWT_BYTES ? token.split("~") : [];
    if (parts.length < 2 || parts.length > MAX_DISCLOSURES || parts.at(-1) !== "") refuse("not-sd-jwt", "The content is not an SD-JWT.", "内容不是 SD-JWT。");
    const signed = await verifyJws(parts[0], typ, keyFor);
    const { _sd_alg: hash = "sha-256" } = signed.claims;
    if (hash !== "sha-256") refuse("sd-hash", "The evidence does not hash with SHA-256.", "凭证未使用 SHA-256。");

    const waiting = new Map();
    for (const spelled of parts.slice(1, -1)) {
      const digest = b64url(await sha256(utf8.encode(spelled)));
      if (waiting.has(digest)) refuse("doubled-disclosure", "A disclosure appears twice.", "披露项重复出现。");
      waiting.set(digest, strictJson(textOf(unb64url(spelled))));
    }
    const seen = new Set();
    const paths = [];
    const disclosed = (digest, size) => {
      if (typeof digest !== "string") badDisclosure();
      if (seen.has(digest)) refuse("doubled-digest", "A digest appears twice in the evidence.", "凭证中摘要重复出现。");
      seen.add(digest);
      const found = waiting.get(digest);
      waiting.delete(digest);
      if (found && (!Array.isArray(found) || found.length !== size || typeof found[0] !== "string")) badDisclosure();
      return found;
    };
    const resolve = (value, path) => {
      if (Array.isArray(value)) return resolveList(value, path);
      return isObject(value) ? resolveObject(value, path) : value;
    };
    const resolveList = (list, path) => {
      if (path.length > MAX_DEPTH) badDisclosure();
      const shown = [];
      for (const member of list) {
        if (!isObject(member) || !("..." in member)) {
          shown.push(resolve(member, [...path, shown.length]));
          continue;
        }
        const found = disclosed(member["..."], 2);
        if (!found) continue;
        paths.push([...path, shown.length]);
        shown.push(resolve(found[1], [...path, shown.length]));
      }
      return shown;
    };
    const resolveObject = (object, path) => {
      if (path.length > MAX_DEPTH) badDisclosure();
      const shown = Object.create(null);
      for (const [name, value] of Object.entries(object)) {
        if (name === "_sd") continue;
        if (RESERVED.includes(name)) badDisclosure();
        shown[name] = resolve(value, [...path, name]);
      }
      if ("_sd" in object && !Array.isArray(object._sd)) badDisclosure();
      for (const digest of object._sd ?? []) {
        const found = disclosed(digest, 3);
        if (!found) continue;
        const [, name, value] = found;
        if (typeof name !== "string" || name in shown || RESERVED.includes(name) || (!path.length && ALWAYS_CLEAR.includes(name))) {
          refuse("reserved-name", "A disclosure takes a reserved name or one in clear.", "披露项占用保留名或明文项。");
        }
        paths.push([...path, name]);
        shown[name] = resolve(value, [...path, name]);
      }
      return shown;
    };

    const top = { ...signed.claims };
    delete top._sd_alg;
    const claims = resolveObject(top, []);
    if (waiting.size) refuse("orphan-disclosure", "A disclosure belongs to no digest of the evidence.", "披露项与凭证摘要不对应。");
    return { clear: signed.claims, claims, paths, key: signed.key };
  }

  // --- note, checkpoint, Merkle proof (C2SP) -----------------------------------------------------------------------

  const badNote = () => refuse("note", "The checkpoint is not a signed note.", "检查点不是签名便笺格式。");

  const KEY_NAME = "[^+\\u0000-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  const VKEY = new RegExp(`^(${KEY_NAME})\\+([0-9a-f]{8})\\+([A-Za-z0-9+/]+=*)$`);
  const SIGNATURE = new RegExp(`^— (${KEY_NAME}) (\\S+)$`);
  const KINDS = { 1: "ed25519", 4: "cosignature", 6: "ml-dsa-44" };
  const ML_DSA_BYTES = 1312;
  const MAX_NOTE = 1_000_000;
  const MAX_SIGNATURES = 64;

  /** A verifier key `name+id+base64`: who signs, with what kind of signature. */
  async function noteVerifier(vkey) {
    const [, name, id, spelled] = VKEY.exec(vkey) ?? badNote();
    const bytes = unbase64(spelled);
    const want = (await sha256(concat(utf8.encode(`${name}\n`), bytes))).slice(0, 4);
    if (Array.from(want, (byte) => byte.toString(16).padStart(2, "0")).join("") !== id) badNote();
    const kind = KINDS[bytes[0]] ?? badNote();
    const key = bytes.slice(1);
    if (kind === "ml-dsa-44" ? key.length !== ML_DSA_BYTES : key.length !== 32 || !isPointOfFullOrder(key)) badNote();
    const loaded = kind === "ml-dsa-44" ? null : await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    const verifies = (signature, message) => crypto.subtle.verify({ name: "Ed25519" }, loaded, signature, message);
    return { name, id: want, kind, key: base64(key), verifies };
  }

  function parseNote(text) {
    const cut = text.lastIndexOf("\n\n");
    if (cut < 0 || !text.endsWith("\n") || text.length > MAX_NOTE || /[\u0000-\u0009\u000b-\u001f]/.test(text)) badNote();
    const lines = text.slice(cut + 2, -1).split("\n");
    if (lines.length > MAX_SIGNATURES) badNote();
    const signatures = lines.map((line) => {
      const [, name, spelled] = SIGNATURE.exec(line) ?? badNote();
      const bytes = unbase64(spelled);
      if (bytes.length < 5) badNote();
      return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
    });
    return { body: text.slice(0, cut + 1), signatures };
  }

  /** The time at which `verifier` signed `note`: 0 for a plain signature, null when it did not sign. */
  async function signedBy(note, verifier) {
    const times = [];
    for (const one of note.signatures) {
      if (one.name === verifier.name && equal(one.id, verifier.id)) times.push(await signedAt(note, verifier, one));
    }
    const counted = verifier.kind === "cosignature" ? times.filter((at) => at > 0) : times.filter((at) => at !== null);
    return counted.length ? Math.min(...counted) : null;
  }

  async function signedAt(note, verifier, found) {
    let [message, signature, at] = [utf8.encode(note.body), found.signature, 0];
    if (verifier.kind === "cosignature") {
      if (signature.length !== 72) badNote();
      at = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
      if (at >= 2n ** 63n) badNote();
      message = utf8.encode(`cosignature/v1\ntime ${at}\n${note.body}`);
      signature = signature.slice(8);
    } else if (verifier.kind !== "ed25519") return null;
    if (!(await verifier.verifies(signature, message))) {
      refuse("checkpoint-signature", `The signature of ${verifier.name} on the checkpoint is wrong.`, `${verifier.name} 对检查点的签名有误。`);
    }
    return Number(at);
  }

  const NUMBER = /^(?:0|[1-9][0-9]{0,18})$/;
  const EMPTY_ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

  function parseCheckpoint(body) {
    const lines = body.split("\n");
    const [origin, size, root] = lines;
    if (lines.length < 4 || lines.pop() !== "" || lines.includes("") || !NUMBER.test(size)) badNote();
    if (unbase64(root).length !== 32 || (size === "0") !== (root === EMPTY_ROOT)) badNote();
    return { origin, size: BigInt(size), root: unbase64(root) };
  }

  /** `c2sp.org/tlog-proof@v1`: index, hashes and the signed checkpoint. */
  function parseProof(text) {
    const bad = () => refuse("receipt", "The receipt is not a tlog-proof.", "回执不是 tlog-proof 格式。");
    const cut = text.length > MAX_NOTE ? -1 : text.indexOf("\n\n");
    const lines = cut < 0 ? bad() : text.slice(0, cut).split("\n");
    if (lines.shift() !== "c2sp.org/tlog-proof@v1") bad();
    if (lines[0]?.startsWith("extra ")) unbase64(lines.shift().slice(6));
    const index = /^index (\d+)$/.exec(lines.shift() ?? "")?.[1] ?? bad();
    if (!NUMBER.test(index) || lines.length > 63) bad();
    const hashes = lines.map(unbase64);
    if (hashes.some((hash) => hash.length !== 32)) bad();
    return { index: BigInt(index), hashes, note: parseNote(text.slice(cut + 2)) };
  }

  const leafHash = (entry) => sha256(concat([0], entry));
  const nodeHash = (left, right) => sha256(concat([1], left, right));

  /** The root that `hashes` lead to from the leaf at `index` in a tree of `size`, both BigInt (RFC 9162 §2.1.3.2), or null. */
  async function rootFrom(leaf, index, size, hashes) {
    if (index >= size) return null;
    let [node, last, root] = [index, size - 1n, leaf];
    for (const hash of hashes) {
      if (last === 0n) return null;
      if (node % 2n === 1n || node === last) {
        root = await nodeHash(hash, root);
        while (node % 2n === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
      } else {
        root = await nodeHash(root, hash);
      }
      [node, last] = [node >> 1n, last >> 1n];
    }
    return last === 0n ? root : null;
  }

  return {
    Refusal, refuse, utf8, textOf, concat, equal, sha256, base64, unbase64, b64url, unb64url, strictJson, canonicalJson, isObject,
    publicKey, verifyJws, verifySdJwt, noteVerifier, signedBy, parseCheckpoint, parseProof, leafHash, rootFrom,
  };
})();

globalThis.HubStrict = HubStrict;
