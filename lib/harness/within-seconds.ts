// Ends what takes too long although it only computes, such as a regular expression that tries every way to match.
import { createContext, Script } from "node:vm";

/** How long it may take, also on a busy machine: usually it is far less than a millisecond. */
const SECONDS = 10;

const context = createContext({ body: undefined as (() => unknown) | undefined });
const script = new Script("body()");

/**
 * The result of `body`, which is stopped wherever it is when it takes too long.
 *
 * @param what what takes long, for the message: `regular expressions of the filter`
 * @throws Error for that; and what `body` throws
 */
export function withinSeconds<T>(what: string, body: () => T, seconds = SECONDS): T {
  context["body"] = body;
  try {
    return script.runInContext(context, { timeout: seconds * 1000 }) as T;
  } catch (error) {
    if ((error as { readonly code?: string } | null)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new Error(`${what} take more than ${seconds} seconds; such as (a+)+ may try too many ways to match`);
  } finally {
    context["body"] = undefined;
  }
}
