// Reads a list that is longer than a page.
import type { Client } from "@urql/core";
import { graphql } from "./generated/index.js";
import type { OrderFilter, OrdersQuery } from "./generated/graphql.js";
import { told } from "./told.js";

const Orders = graphql(`
  query Orders($first: Int!, $after: Cursor, $filter: OrderFilter) {
    orders(first: $first, after: $after, filter: $filter, orderBy: [{ field: PLACED_AT, direction: DESC }]) {
      nodes {
        id
        number
        placedAt
        total {
          amount
          currency
        }
        partner {
          code
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export type Order = NonNullable<OrdersQuery["orders"]>["nodes"][number];

/** Yield every order the filter leaves, a page at a time; whatever is inserted meanwhile neither repeats nor hides one. */
export async function* orders(client: Client, filter: OrderFilter, first = 50): AsyncGenerator<Order> {
  let after: string | null = null;
  do {
    const page: OrdersQuery["orders"] = told(await client.query(Orders, { first, after, filter })).orders;
    yield* page?.nodes ?? [];
    after = page?.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
  } while (after !== null);
}
