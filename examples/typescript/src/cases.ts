// Works on a case. A mutation that is refused is no error: it says why in `userErrors`.
import type { Client } from "@urql/core";
import { graphql } from "./generated/index.js";
import type { FirstCaseQuery } from "./generated/graphql.js";
import { told } from "./told.js";

const FirstCase = graphql(`
  query FirstCase {
    conflictCases(first: 1, filter: { state: { notIn: [CLOSED] } }, orderBy: [{ field: SCORE, direction: DESC }]) {
      nodes {
        id
        number
        ruleId
        score
        wording {
          title
        }
      }
    }
  }
`);

const Comment = graphql(`
  mutation Comment($input: CommentCaseInput!) {
    commentCase(input: $input) {
      case {
        steps(last: 100) {
          totalCount
        }
      }
      userErrors {
        code
        message
        ... on InvalidTransition {
          allowed
        }
      }
    }
  }
`);

export type Case = NonNullable<FirstCaseQuery["conflictCases"]>["nodes"][number];

export async function firstCase(client: Client): Promise<Case | undefined> {
  return told(await client.query(FirstCase, {})).conflictCases?.nodes[0];
}

/** Add a remark and return how many steps the case has; with the same key it is added once, however often it is sent. */
export async function comment(client: Client, caseId: string, text: string, idempotencyKey: string): Promise<number> {
  const payload = told(await client.mutation(Comment, { input: { caseId, comment: text, idempotencyKey } })).commentCase;
  const refused = payload?.userErrors[0];
  if (refused) {
    throw new Error(`${refused.code}: ${refused.message}`);
  }
  return payload?.case?.steps.totalCount ?? 0;
}
