// The page itself: what is typed, what is asked, what is shown.

import { Explorer, INTROSPECTION, Schema, make } from "./docs.js";
import { offers, operations, tidy } from "./language.js";
import { ask, follow } from "./request.js";

const at = (id) => document.getElementById(id);
const [query, variables, headers, token, result, status] = ["query", "variables", "headers", "token", "result", "status"].map(at);
const explorer = new Explorer(at("docs"), at("trail"), at("search"));
const FIRST = "# Ctrl-Enter runs, Ctrl-Space completes.\nquery First {\n  __typename\n}\n";
const KEPT = 30;
const ANSWERS_SHOWN = 50;
let schema = null;
let running = null;

// ------------------------------------------------------------------ asking

function words() {
  const given = headers.value.trim() ? JSON.parse(headers.value) : {};
  return token.value.trim() ? { ...given, authorization: `Bearer ${token.value.trim()}` } : given;
}

function chosen() {
  const all = operations(query.value);
  return all.find((one) => one.from <= query.selectionStart && query.selectionStart <= one.to) ?? all[0];
}

async function run() {
  if (running) {
    running.abort();
    return;
  }
  running = new AbortController();
  at("run").textContent = "Stop";
  result.textContent = "";
  const begun = performance.now();
  try {
    const operation = chosen();
    const body = { query: query.value, variables: variables.value.trim() ? JSON.parse(variables.value) : undefined };
    if (operation?.name) body.operationName = operation.name;
    remember();
    if (operation?.kind === "subscription") await followed(body);
    else {
      const { status: code, answer } = await ask(body, words(), running.signal);
      result.textContent = JSON.stringify(answer, null, 2);
      status.textContent = `${code} in ${Math.round(performance.now() - begun)} ms`;
    }
  } catch (error) {
    if (error.name !== "AbortError") result.textContent = String(error.message);
    status.textContent = error.name === "AbortError" ? "stopped" : "not sent";
  }
  running = null;
  at("run").textContent = "Run";
}

async function followed(body) {
  const answers = [];
  let count = 0;
  status.textContent = "following";
  await follow(body, words(), running.signal, (answer) => {
    answers.unshift(JSON.stringify(answer, null, 2));
    answers.length = Math.min(answers.length, ANSWERS_SHOWN);
    count += 1;
    result.textContent = answers.join("\n\n");
    status.textContent = `${count} events`;
  });
}

async function readSchema() {
  if (!token.value.trim()) return;
  try {
    const { answer } = await ask({ query: INTROSPECTION }, words());
    if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? "The schema cannot be read.");
    schema = new Schema(answer.data.__schema);
    explorer.show(schema);
  } catch (error) {
    at("docs").textContent = String(error.message);
  }
}

// ------------------------------------------------------------------ remembering

const earlier = () => JSON.parse(localStorage.getItem("channelhub.history") ?? "[]");

function remember() {
  const now = { query: query.value, variables: variables.value };
  const others = earlier().filter((one) => one.query !== now.query || one.variables !== now.variables);
  localStorage.setItem("channelhub.history", JSON.stringify([now, ...others].slice(0, KEPT)));
  list();
}

function list() {
  const title = (one) => operations(one.query)[0]?.name ?? one.query.replace(/\s+/g, " ").slice(0, 60);
  at("history").replaceChildren(make("option", { textContent: "…", value: "" }), ...earlier().map((one, place) =>
    make("option", { textContent: title(one), value: String(place) })));
}

at("history").addEventListener("change", (event) => {
  const one = earlier()[Number(event.target.value)];
  if (event.target.value === "" || !one) return;
  query.value = one.query;
  variables.value = one.variables;
  number();
});

// ------------------------------------------------------------------ writing

function number() {
  at("lines").textContent = query.value.split("\n").map((_, place) => place + 1).join("\n");
  at("lines").scrollTop = query.scrollTop;
}

function insert(text, back = 0) {
  query.setRangeText(text, query.selectionStart - back, query.selectionEnd, "end");
  number();
}

const offered = at("offers");
let open = { names: [], begun: "", suffix: "", place: 0 };

function offer() {
  open = schema ? { ...offers(query.value, query.selectionStart, schema), place: 0 } : { names: [] };
  offered.hidden = open.names.length === 0;
  offered.replaceChildren(...open.names.slice(0, 40).map((one, place) =>
    make("li", { onmousedown: (event) => { event.preventDefault(); take(place); } }, one.name, make("small", { textContent: one.description ?? "" }))));
  point(0);
}

function point(place) {
  open.place = Math.max(0, Math.min(place, offered.children.length - 1));
  [...offered.children].forEach((one, index) => one.setAttribute("aria-selected", String(index === open.place)));
  offered.children[open.place]?.scrollIntoView({ block: "nearest" });
}

function take(place) {
  insert(open.names[place].name + (open.suffix ?? ""), open.begun.length);
  offered.hidden = true;
}

query.addEventListener("keydown", (event) => {
  if (!offered.hidden) {
    const moves = { ArrowDown: () => point(open.place + 1), ArrowUp: () => point(open.place - 1), Enter: () => take(open.place), Tab: () => take(open.place), Escape: () => { offered.hidden = true; } };
    if (moves[event.key] && !event.ctrlKey) {
      event.preventDefault();
      moves[event.key]();
      return;
    }
  }
  if (event.ctrlKey && event.key === " ") {
    event.preventDefault();
    offer();
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    const line = query.value.slice(0, query.selectionStart).split("\n").at(-1);
    insert(`\n${/^\s*/.exec(line)[0]}${/\{\s*$/.test(line) ? "  " : ""}`);
  }
});
query.addEventListener("input", () => {
  number();
  if (/\w$/.test(query.value.slice(0, query.selectionStart))) offer();
  else offered.hidden = true;
});
query.addEventListener("scroll", () => { at("lines").scrollTop = query.scrollTop; });
query.addEventListener("blur", () => { offered.hidden = true; });

document.addEventListener("keydown", (event) => {
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key === "Enter") {
    event.preventDefault();
    run();
  } else if (control && event.shiftKey && event.key.toLowerCase() === "p") {
    event.preventDefault();
    query.value = tidy(query.value);
    number();
  }
});
at("run").addEventListener("click", run);
at("tidy").addEventListener("click", () => { query.value = tidy(query.value); number(); });

// The token stays in this tab: what is kept for longer could be read by whoever uses the browser next.
token.value = sessionStorage.getItem("channelhub.token") ?? "";
token.addEventListener("change", () => {
  sessionStorage.setItem("channelhub.token", token.value);
  readSchema();
});

query.value = earlier()[0]?.query ?? FIRST;
variables.value = earlier()[0]?.variables ?? "";
number();
list();
readSchema();
