// What the page knows of the query language: words, layout, and where the cursor stands.

const WORD = /"""[^]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|\.\.\.|[_A-Za-z]\w*|-?\d[\w.+-]*|[^\s,\uFEFF]/g;

export function words(text) {
  return [...text.matchAll(WORD)].map((found) => ({ text: found[0], at: found.index, end: found.index + found[0].length }));
}

const isName = (word) => word !== undefined && /^[_A-Za-z]/.test(word.text);
const isComment = (word) => word.text.startsWith("#");

// The operations of a document: kind, name, and the stretch of text each covers.
export function operations(text) {
  const found = [];
  let braces = 0;
  let parens = 0;
  let begun = null;
  const all = words(text).filter((word) => !isComment(word));
  all.forEach((word, place) => {
    if (braces === 0 && parens === 0 && begun === null) {
      const named = isName(all[place + 1]) ? all[place + 1].text : null;
      begun = word.text === "{" ? { kind: "query", name: null, from: word.at } : { kind: word.text, name: named, from: word.at };
    }
    if (word.text === "(") parens += 1;
    if (word.text === ")") parens -= 1;
    if (parens > 0) return;
    if (word.text === "{") braces += 1;
    if (word.text === "}") braces -= 1;
    if (word.text === "}" && braces === 0 && begun) {
      found.push({ ...begun, to: word.end });
      begun = null;
    }
  });
  return found.filter((one) => one.kind !== "fragment");
}

// One selection a line, two spaces a level; arguments stay on the line of their field.
export function tidy(text) {
  let out = "";
  let level = 0;
  let parens = 0;
  let before = null;
  const line = () => `\n${"  ".repeat(level)}`;
  for (const word of words(text)) {
    const now = word.text;
    if (now === "}" && parens === 0) level -= 1;
    if (before === null) out += now;
    else if (before.startsWith("#") || now.startsWith("#")) out += line() + now;
    else if (parens > 0) out += spaced(before, now, true) + now;
    else if (level === 0 && before === "}" && now !== "}") out += `\n\n${now}`;
    else if (now === "}" || (level > 0 && begins(before, now))) out += line() + now;
    else out += spaced(before, now, false) + now;
    if (now === "{" && parens === 0) level += 1;
    if (now === "(") parens += 1;
    if (now === ")") parens -= 1;
    before = now;
  }
  return `${out.trimEnd()}\n`;
}

// Whether a word begins a selection of its own.
function begins(before, now) {
  const free = /^[_A-Za-z]\w*$|^[{})]$|^"/.test(before) && before !== "on";
  return free && (now === "..." || (/^[_A-Za-z]/.test(now) && now !== "on"));
}

function spaced(before, now, listed) {
  if (["(", "[", "$", "@", "..."].includes(before)) return before === "..." && now === "on" ? " " : "";
  if ([")", "]", "!", ":"].includes(now)) return "";
  if (now === "(") return KEYWORDS.has(before) ? " " : "";
  return listed && /["\w\]}!]$/.test(before) && /^["$\w[{-]/.test(now) ? ", " : " ";
}

const KEYWORDS = new Set(["query", "mutation", "subscription"]);

// The names that may stand where the cursor is, and how much of one is written already.
export function offers(text, cursor, schema) {
  const head = text.slice(0, cursor);
  const begun = /[_A-Za-z]\w*$/.exec(head)?.[0] ?? "";
  const place = standing(words(head.slice(0, head.length - begun.length)), schema);
  if (place === null) return { begun, names: [] };
  const known = place.inside ? place.field?.args ?? [] : place.type?.fields ?? [];
  const names = known.filter((one) => one.name.startsWith(begun) && one.name !== begun);
  return { begun, names, suffix: place.inside ? ": " : "" };
}

// Walk the words before the cursor: which type's selection is open, or which field's arguments.
function standing(all, schema) {
  const open = [];
  let pending = schema.root("query");
  let field = null;
  let parens = 0;
  for (let place = 0; place < all.length; place += 1) {
    const { text } = all[place];
    if (all[place].text.startsWith("#")) continue;
    if (text === "(") parens += 1;
    else if (text === ")") parens -= 1;
    else if (parens > 0) continue;
    else if (text === "{") {
      open.push(pending);
      field = null;
    } else if (text === "}") {
      open.pop();
      field = null;
      if (open.length === 0) pending = schema.root("query");
    } else if (text === "on") pending = schema.type(all[place + 1]?.text);
    else if (open.length === 0 && ["query", "mutation", "subscription"].includes(text)) pending = schema.root(text);
    else if (open.length > 0 && isName(all[place]) && all[place - 1]?.text !== "on" && all[place - 1]?.text !== "@") {
      field = open.at(-1)?.fields?.find((one) => one.name === text) ?? null;
      pending = field ? schema.type(schema.named(field.type)) : null;
    } else if (text === "...") pending = open.at(-1);
  }
  if (parens > 0) return parens === 1 && field ? { inside: true, field } : null;
  return open.length > 0 ? { inside: false, type: open.at(-1) } : null;
}
