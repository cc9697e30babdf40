// Asking the hub: one answer by POST, or many as server-sent events.

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

export async function ask(body, headers, signal) {
  const response = await fetch("graphql", {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: ACCEPT },
    body: JSON.stringify(body),
    signal,
  });
  return { status: response.status, answer: await response.json() };
}

// Calls `told` with each answer until the hub has said all, or `signal` ends it.
export async function follow(body, headers, signal, told) {
  const response = await fetch("graphql/stream", {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) {
    told(await response.json());
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const [kind, body] = part.split("\n");
      if (kind === "event: complete") return;
      if (kind === "event: next") told(JSON.parse(body.slice(body.indexOf(" "))));
    }
  }
}
