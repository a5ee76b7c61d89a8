// The verifier page's face: reads two files, shows each numbered step, and what the bundle proves.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  let language = (navigator.language || "zh").startsWith("zh") ? "zh" : "en";
  let last = null;

  const say = (pair) => (pair ? pair[language] || pair.en || "" : "");

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  const MARKS = { good: "✓", bad: "✗", open: "·" };

  function stepLine(step) {
    const line = element("li", undefined, step.state);
    line.append(element("span", MARKS[step.state], "mark"));
    line.append(element("span", `${step.number}. ${say(step.title)}`));
    if (step.detail) line.append(element("span", say(step.detail), "detail"));
    return line;
  }

  function evidenceTable(one) {
    const table = element("table");
    table.append(element("caption", `${one.type} · ${one.provider}`));
    for (const [path, value] of one.claims) {
      const row = element("tr");
      row.append(element("th", path), element("td", typeof value === "object" ? JSON.stringify(value) : String(value)));
      table.append(row);
    }
    return table;
  }

  function show(result) {
    last = result;
    $("verdict").hidden = false;
    $("verdict").className = result.ok ? "good" : "bad";
    $("verdict").textContent = say(result.verdict);
    $("steps").replaceChildren(...result.steps.map(stepLine));
    $("released").hidden = !result.ok;
    $("facts").replaceChildren(...result.facts.flatMap(({ name, value }) => [element("dt", say(name)), element("dd", value)]));
    $("evidence").replaceChildren(...result.evidence.map(evidenceTable));
  }

  // A verdict is about the files that were read, never about another one chosen since.
  function clear() {
    last = null;
    for (const id of ["verdict", "released"]) $(id).hidden = true;
    $("steps").replaceChildren();
  }

  const UNREADABLE = {
    ok: false,
    verdict: { en: "A file cannot be read. Choose it again.", zh: "文件无法读取，请重新选择。" },
    steps: [],
    facts: [],
    evidence: [],
  };

  function speak() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    for (const part of document.querySelectorAll("[data-zh]")) part.textContent = part.dataset[language];
    $("language").textContent = language === "zh" ? "English" : "中文";
    $("language").lang = language === "zh" ? "en" : "zh-CN";
    if (last) show(last);
  }

  $("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    speak();
  });

  $("files").addEventListener("change", clear);

  $("files").addEventListener("submit", async (event) => {
    event.preventDefault();
    clear();
    const reading = ["bundle", "policy"].map(async (id) => new Uint8Array(await $(id).files[0].arrayBuffer()));
    const read = await Promise.all(reading).catch(() => null);
    show(read ? await HubVerifier.verify(...read) : UNREADABLE);
  });

  speak();
})();
