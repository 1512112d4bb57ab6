/** What the API server said, in one sentence. */
import { messageOf } from "../../core/errors.ts";

/** The HTTP status of an answer; null when none came. */
export function statusOf(thrown: unknown): number | null {
  const { code } = thrown as { readonly code?: unknown };
  return typeof code === "number" ? code : null;
}

/** The server's own sentence where it gave one, as it does for 403 and 404; else what went wrong on the way. */
export function sentenceOf(thrown: unknown, server: string): string {
  const status = statusOf(thrown);
  if (status === null) return `Kubernetes at ${server} did not answer: ${messageOf(thrown).split("\n")[0]}`;
  const { body } = thrown as { readonly body?: unknown };
  return `Kubernetes at ${server} answered ${status}: ${messageIn(body).slice(0, 300)}`;
}

/** The client hands the body over as text, or parsed where it knew the status. */
function messageIn(body: unknown): string {
  let said = body;
  if (typeof body === "string") {
    try {
      said = JSON.parse(body);
    } catch {
      return body.split("\n")[0] ?? "";
    }
  }
  const { message } = (said ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : "no reason given";
}
