// CHANNELHUB_TOKEN=… npm start [-- http://127.0.0.1:8480]: lists, changes and follows, to show how each is done.
import { comment, firstCase } from "./cases.js";
import { follow } from "./follow.js";
import { connect } from "./hub.js";
import { orders } from "./orders.js";

const EVENTS = 3;
const address = process.argv[2] ?? "http://127.0.0.1:8480";
const { client, close } = connect(address, process.env["CHANNELHUB_TOKEN"] ?? "");

try {
  let count = 0;
  for await (const order of orders(client, { kind: { eq: "SELL_OUT" } })) {
    if (count++ < 3) {
      console.log(`order ${order.number} of ${order.partner?.code ?? "nobody"}: ${order.total.amount} ${order.total.currency}`);
    }
  }
  console.log(`${count} orders`);

  const work = await firstCase(client);
  if (work) {
    console.log(`case ${work.number}, ${work.wording.title}, score ${work.score}`);
    const key = `example-${Date.now()}`;
    const steps = await comment(client, work.id, "Seen by the example.", key);
    const again = await comment(client, work.id, "Seen by the example.", key);
    console.log(`${steps} steps, sent again ${again}`);
  }

  let left = EVENTS;
  for await (const event of follow(client, "0")) {
    console.log(`event ${event.eventId}: ${event.kind} ${event.conflict.ruleId} ${event.conflict.score}`);
    if (--left === 0) {
      break;
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  close();
}
