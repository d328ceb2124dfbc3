(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("sample").textContent);
  const words = data.words;
  const PAGE = 25;
  const list = document.getElementById("list");
  const find = document.getElementById("find");
  const byModel = document.getElementById("by-model");
  const byCategory = document.getElementById("by-category");
  const byResult = document.getElementById("by-result");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const winners = { first_strong: 0, first: 0, second: 1, second_strong: 1 };
  let shown = PAGE;

  // Everything a model wrote enters the page through textContent: as text, never as markup.
  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    for (const child of children) if (child !== null && child !== undefined) made.append(child);
    return made;
  }

  const models = (battle) => (battle.model === undefined ? [battle.model_a, battle.model_b] : [battle.model]);
  const keys = (battle) => (battle.model === undefined ? [battle.answer_key_a, battle.answer_key_b] : [battle.answer_key]);
  const asked = (battle) => (Object.hasOwn(data.questions, battle.question_id) ? data.questions[battle.question_id] : { turns: [], reference: [] });
  const turns = (battle) => asked(battle).turns;
  const answer = (key) => (Object.hasOwn(data.answers, key) ? data.answers[key] : []);

  function said(text) {
    return element("pre", text && text.includes("```") ? "said code" : "said", text || words.no_text);
  }

  function outcome(battle) {
    if (battle.score !== undefined) return `${words.score} ${battle.score}`;
    if (battle.state === "excluded") return words[battle.reason] || battle.reason;
    if (battle.winner === "tie") return words.tie;
    return `${words.winner}: ${battle.winner === "model_a" ? battle.model_a : battle.model_b}`;
  }

  function judgedFor(battle, verdict) {
    if (verdict.score !== undefined) return String(verdict.score);
    if (verdict.reason) return words[verdict.reason] || verdict.reason;
    if (verdict.status === "identical" || verdict.label === "tie") return words.tie;
    if (!(verdict.label in winners)) return words.undecided;
    const order = verdict.order === "b_first" ? [battle.model_b, battle.model_a] : [battle.model_a, battle.model_b];
    return order[winners[verdict.label]] + (verdict.label.endsWith("strong") ? " ≫" : "");
  }

  function verdictOf(battle, verdict) {
    const line = element("p", "judged", element("b", "", verdict.judge), ": ", element("b", "", judgedFor(battle, verdict)));
    if (verdict.probability !== undefined) line.append(` · P(${battle.model_a}) = ${verdict.probability.toFixed(3)}`);
    if (verdict.score_a !== undefined && verdict.score_b !== undefined) line.append(` · ${verdict.score_a} : ${verdict.score_b}`);
    if (verdict.order && !verdict.unordered && verdict.status !== "identical") line.append(` · ${verdict.order === "a_first" ? battle.model_a : battle.model_b} ${words.shown_first}`);
    return element("div", "", line, verdict.explanation ? said(verdict.explanation) : null);
  }

  function side(battle, model, key, won) {
    const box = element("div", won ? "won" : "", element("h4", "", model + (won ? ` · ${words.winner}` : "")));
    const texts = answer(key);
    if (texts.length === 0) box.append(said(""));
    texts.forEach((text, turn) => {
      if (texts.length > 1) box.append(element("h4", "", `${words.turn} ${turn + 1}`));
      box.append(said(text));
    });
    return box;
  }

  function open(battle, box) {
    const inside = element("div", "inside");
    turns(battle).forEach((text, turn, all) => {
      inside.append(element("h4", "", all.length > 1 ? `${words.question} · ${words.turn} ${turn + 1}` : words.question), said(text));
    });
    const reference = asked(battle).reference;
    if (reference.some((text) => text !== "")) inside.append(element("h4", "", words.reference), said(reference.join("\n\n")));
    const names = models(battle);
    const sides = names.map((name, place) =>
      side(battle, name, keys(battle)[place], battle.winner === (place === 0 ? "model_a" : "model_b")));
    inside.append(element("div", "sides", ...sides));
    if (battle.verdicts.length) inside.append(element("h4", "", words.verdicts));
    for (const verdict of battle.verdicts) inside.append(verdictOf(battle, verdict));
    box.append(inside);
  }

  function disagrees(battle) {
    if (battle.consistent === false) return true;
    const told = new Set(battle.verdicts.filter((v) => v.label || v.status === "identical").map((v) => judgedFor(battle, v)));
    return battle.score === undefined && told.size > 1;
  }

  function row(battle) {
    const box = element("details", "battle");
    const names = models(battle);
    const who = element("span", "who", element("b", "", names[0]), names.length > 1 ? " : " : "", names.length > 1 ? element("b", "", names[1]) : "");
    const summary = element("summary", "",
      element("span", "ask", turns(battle)[0] || battle.question_id), element("span", "tag", battle.category || ""),
      who, element("span", "tag", outcome(battle)));
    box.append(summary);
    box.addEventListener("toggle", () => { if (box.open && box.children.length === 1) open(battle, box); });
    return box;
  }

  const haystacks = data.battles.map((battle) => [
    battle.question_id, battle.category, ...models(battle), ...turns(battle), ...keys(battle).flatMap(answer),
    ...battle.verdicts.map((verdict) => verdict.explanation),
  ].filter(Boolean).join("\n").toLowerCase());

  const results = {
    decided: (battle) => battle.winner === "model_a" || battle.winner === "model_b",
    tie: (battle) => battle.winner === "tie",
    disagree: disagrees,
    undecided: (battle) => battle.state !== "rated",
  };

  function draw() {
    const needle = find.value.trim().toLowerCase();
    const hits = data.battles.filter((battle, place) =>
      (needle === "" || haystacks[place].includes(needle)) &&
      (byModel.value === "" || models(battle).includes(byModel.value)) &&
      (byCategory.value === "" || (battle.category || "") === byCategory.value) &&
      (byResult.value === "" || results[byResult.value](battle)));
    list.replaceChildren(...hits.slice(0, shown).map(row));
    if (hits.length === 0) list.append(element("p", "note", words.empty));
    count.textContent = `${hits.length} ${words.found}`;
    more.hidden = hits.length <= shown;
  }

  function options(select, all, values) {
    select.append(new Option(all, ""));
    for (const [label, value] of values) select.append(new Option(label, value));
    if (values.length < 2) select.hidden = true;
  }

  const unique = (values) => [...new Set(values)].sort().map((value) => [value, value]);
  options(byModel, words.any_model, unique(data.battles.flatMap(models)));
  options(byCategory, words.any_category, unique(data.battles.map((battle) => battle.category || "")));
  const single = data.battles.some((battle) => battle.model !== undefined);
  options(byResult, words.any_result, single ? [] : ["decided", "tie", "disagree", "undecided"].map((key) => [words[key], key]));
  for (const control of [find, byModel, byCategory, byResult]) control.addEventListener("input", () => { shown = PAGE; draw(); });
  more.addEventListener("click", () => { shown += PAGE; draw(); });
  draw();
})();
