// Writes a Relay fragment for every connection and every type with an id, for the Relay compiler to judge.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildSchema, getNamedType, isInterfaceType, isLeafType, isNonNullType, isObjectType } from "graphql";

const FOLDER = new URL("./generated/", import.meta.url);
const PAGING = "@argumentDefinitions(count: { type: \"Int\", defaultValue: 20 }, cursor: { type: \"Cursor\" })";

const schema = buildSchema(readFileSync(new URL("../../../schema/schema.graphql", import.meta.url), "utf8"));
const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith("__"));
const hasId = (type) => type.getInterfaces().some((one) => one.name === "Node");
const fields = (type) => Object.values(type.getFields());
const upper = (name) => name[0].toUpperCase() + name.slice(1);

const leaves = (type) =>
  fields(type)
    .filter((field) => isLeafType(getNamedType(field.type)) && !field.args.some(required))
    .map((field) => field.name);

const required = (argument) => isNonNullType(argument.type) && argument.defaultValue === undefined;

function connection(type, field) {
  const name = `Connections_${type.name}_${field.name}`;
  const node = getNamedType(getNamedType(field.type).getFields().nodes.type);
  // Relay pages on by the id of the type, or from the root; whatever has neither is read again as a whole.
  const again = hasId(type) || ["Query", "Viewer"].includes(type.name);
  const refetch = again ? `@refetchable(queryName: "Connections${type.name}${upper(field.name)}Query")` : "";
  return `graphql\`
fragment ${name} on ${type.name} ${PAGING} ${refetch} {
  ${field.name}(first: $count, after: $cursor) @connection(key: "${name}") { edges { node { ${leaves(node).join(" ")} } } }
}\`;`;
}

const node = (type) => `graphql\`
query Nodes${type.name}Query($id: ID!) { node(id: $id) { ...Nodes_${type.name} } }\`;
graphql\`
fragment Nodes_${type.name} on ${type.name} @refetchable(queryName: "Nodes${type.name}RefetchQuery") { ${leaves(type).join(" ")} }\`;`;

const connections = types.flatMap((type) =>
  fields(type)
    .filter((field) => field.args.some((one) => one.name === "first") && getNamedType(field.type).name.endsWith("Connection"))
    .map((field) => connection(type, field)),
);
const nodes = types.filter(hasId).map(node);

mkdirSync(FOLDER, { recursive: true });
for (const [name, documents] of Object.entries({ Connections: connections, Nodes: nodes })) {
  writeFileSync(new URL(`${name}.js`, FOLDER), `import { graphql } from "relay-runtime";\n\n${documents.join("\n\n")}\n`);
}
console.log(`${connections.length} connections and ${nodes.length} types with an id.`);
