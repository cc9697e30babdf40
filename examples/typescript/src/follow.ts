// Follows what happens, and loses nothing when the connection breaks.
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "@urql/core";
import { toAsyncIterable } from "wonka";
import { graphql } from "./generated/index.js";
import type { FollowSubscription } from "./generated/graphql.js";

const Follow = graphql(`
  subscription Follow($after: BigInt) {
    conflictEvents(after: $after) {
      eventId
      kind
      conflict {
        findingKey
        ruleId
        score
        status
      }
    }
  }
`);

export type Happening = FollowSubscription["conflictEvents"];

/** Yield each event after this one; a broken connection is taken up after the last event that came. */
export async function* follow(client: Client, after: string): AsyncGenerator<Happening> {
  for (;;) {
    for await (const { data, error } of toAsyncIterable(client.subscription(Follow, { after }))) {
      if (error && error.graphQLErrors.length > 0) {
        throw error;
      }
      if (data) {
        after = data.conflictEvents.eventId;
        yield data.conflictEvents;
      }
    }
    await wait(1000);
  }
}
