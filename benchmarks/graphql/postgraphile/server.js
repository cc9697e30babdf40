// PostGraphile as its documentation recommends it for production: node server.js ADDRESS TOKEN CONNECTIONS
// Prints the port once it can be asked, and ends when its input does.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

const [address, token, connections] = process.argv.slice(2);

// The tables have no foreign keys, so relations are told.
const relations = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      sales_order: {
        tags: { foreignKey: ["(partner_id) references partner (id)", "(customer_id) references customer (id)"] },
      },
      order_line: { tags: { foreignKey: "(order_id) references sales_order (id)" } },
    },
    attribute: {
      "order_line.number": { tags: { behavior: "+orderBy" } },
    },
  },
});

const service = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [relations],
  pgServices: [
    makePgService({ connectionString: address, schemas: ["public"], poolConfig: { max: Number(connections) } }),
  ],
  gather: { installWatchFixtures: false },
  grafast: { explain: false },
  grafserv: { watch: false, graphiql: false, websockets: false },
}).createServ(grafserv);

const answer = service.createHandler();
const server = createServer((request, response) => {
  if (request.headers.authorization === `Bearer ${token}`) return answer(request, response);
  response.writeHead(401).end();
});
await service.ready();
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
