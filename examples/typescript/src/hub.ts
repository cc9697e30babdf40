// The way to the hub: queries and mutations by POST, subscriptions by WebSocket, each with the token.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

export interface Hub {
  client: Client;
  close: () => void;
}

export function connect(address: string, token: string): Hub {
  const authorization = `Bearer ${token}`;
  const socket = createClient({
    url: `${address.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: WebSocket, // not needed in a browser
    connectionParams: { authorization },
    retryAttempts: 0, // it would begin again where it began first; `follow` begins where it broke
  });
  const client = new Client({
    url: `${address}/graphql`,
    preferGetMethod: false, // in production GET is not for every role
    fetchOptions: { headers: { authorization } },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query ?? "", variables }, sink) }),
        }),
      }),
    ],
  });
  return { client, close: () => void socket.dispose() };
}
