// What went wrong, apart: the way to the hub, the request as a whole, or a single field.
import type { OperationResult } from "@urql/core";

/** Return the data. A field that the role may not read is null and told; anything else throws. */
export function told<Data>(result: Pick<OperationResult<Data>, "data" | "error">): Data {
  const { data, error } = result;
  for (const one of error?.graphQLErrors ?? []) {
    if (one.extensions["code"] !== "FORBIDDEN") {
      throw new Error(`${String(one.extensions["code"])}: ${one.message}`);
    }
    console.warn(`Left out ${String(one.extensions["field"])}: ${one.message}`);
  }
  if (error?.networkError) {
    throw error.networkError;
  }
  if (data === undefined || data === null) {
    throw new Error("The hub answered nothing.");
  }
  return data;
}
