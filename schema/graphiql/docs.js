// The schema as it describes itself, and the pages made of it.

const REFERENCE = `kind name ${"ofType { kind name ".repeat(7)}${"}".repeat(7)}`;

export const INTROSPECTION = `query Schema {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) { name description isDeprecated deprecationReason type { ...Reference } args { ...Input } }
      inputFields { ...Input }
      enumValues(includeDeprecated: true) { name description }
      possibleTypes { name }
    }
  }
}
fragment Input on __InputValue { name description defaultValue type { ...Reference } }
fragment Reference on __Type { ${REFERENCE} }`;

export class Schema {
  constructor(answer) {
    this.types = new Map(answer.types.filter((one) => !one.name.startsWith("__")).map((one) => [one.name, one]));
    this.roots = { query: answer.queryType?.name, mutation: answer.mutationType?.name, subscription: answer.subscriptionType?.name };
  }

  type(name) {
    return this.types.get(name) ?? null;
  }

  root(kind) {
    return this.type(this.roots[kind]);
  }

  named(type) {
    return type.name ?? this.named(type.ofType);
  }

  // Types and fields whose name holds the words, types first.
  search(wanted) {
    const low = wanted.toLowerCase();
    const types = [...this.types.values()];
    const fields = types.flatMap((type) => (type.fields ?? []).map((field) => ({ type, field })));
    return [
      ...types.filter((type) => type.name.toLowerCase().includes(low)).map((type) => ({ type })),
      ...fields.filter(({ field }) => field.name.toLowerCase().includes(low)),
    ].slice(0, 60);
  }
}

export function make(tag, properties = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
}

function written(type) {
  if (type.kind === "NON_NULL") return `${written(type.ofType)}!`;
  return type.kind === "LIST" ? `[${written(type.ofType)}]` : type.name;
}

// Shows one page at a time; `trail` leads back.
export class Explorer {
  constructor(page, trail, search) {
    this.page = page;
    this.trail = trail;
    this.path = [];
    search.addEventListener("input", () => this.schema && (search.value ? this.found(search.value) : this.open([])));
  }

  show(schema) {
    this.schema = schema;
    this.open([]);
  }

  open(path) {
    this.path = path;
    const steps = [make("a", { textContent: "Schema", onclick: () => this.open([]) })];
    path.forEach((name, place) => steps.push(make("a", { textContent: name, onclick: () => this.open(path.slice(0, place + 1)) })));
    this.trail.replaceChildren(...steps);
    const type = path.length > 0 ? this.schema.type(path.at(-1)) : null;
    this.page.replaceChildren(...(type ? this.about(type) : this.start()));
    this.page.scrollTop = 0;
  }

  start() {
    const roots = Object.values(this.schema.roots).filter(Boolean);
    return roots.flatMap((name) => [make("h2", {}, this.link(name)), ...this.about(this.schema.type(name)).slice(1)]);
  }

  about(type) {
    const rows = [make("h2", { textContent: type.name }), this.text(type.description)];
    for (const field of [...(type.fields ?? []), ...(type.inputFields ?? [])]) rows.push(...this.row(field));
    for (const value of type.enumValues ?? []) rows.push(make("code", { textContent: value.name }), this.text(value.description));
    for (const one of type.possibleTypes ?? []) rows.push(make("div", {}, this.link(one.name)));
    return rows;
  }

  row(field) {
    const line = make("code", { textContent: field.name });
    const args = field.args ?? [];
    args.forEach((one, place) => line.append(place === 0 ? "(" : ", ", `${one.name}: `, this.link(this.schema.named(one.type), written(one.type))));
    line.append(args.length > 0 ? "): " : ": ", this.link(this.schema.named(field.type), written(field.type)));
    if (field.defaultValue) line.append(` = ${field.defaultValue}`);
    const reason = field.isDeprecated ? `Deprecated: ${field.deprecationReason}` : "";
    return [line, this.text([field.description, reason].filter(Boolean).join(" "))];
  }

  found(wanted) {
    this.trail.replaceChildren();
    const rows = this.schema.search(wanted).map(({ type, field }) =>
      make("div", {}, make("code", {}, this.link(type.name), field ? `.${field.name}` : "")));
    this.page.replaceChildren(...(rows.length > 0 ? rows : ["Nothing is called so."]));
  }

  link(name, text = name) {
    return make("a", { textContent: text, onclick: () => this.open([...this.path, name]) });
  }

  text(words) {
    return make("p", { textContent: words ?? "" });
  }
}
