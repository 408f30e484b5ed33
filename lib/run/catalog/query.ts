// Queries of the index in SQL: read-only, with a limit on time and rows.
import { UserError } from "../../errors.ts";
import { withIndex } from "./runs-index.ts";
import { readQuery } from "./query-text.ts";
import { isDamage } from "./sqlite.ts";
import type { QueryReply, QueryRequest, QueryRows } from "./query-messages.ts";

export interface QueryOptions {
  /** @default 10 */
  readonly seconds?: number;
  /** Rows at most. @default 100 000 */
  readonly limit?: number;
}

/**
 * Brings the index of a runs folder up to date and queries it.
 *
 * @throws UserError `query.not-read-only` and its like, `query.failed` with what SQLite says, `query.timeout`
 */
export async function queryRuns(runsFolder: string, text: string, options: QueryOptions = {}): Promise<QueryRows> {
  const { seconds = 10, limit = 100_000 } = options;
  const sql = readQuery(text);
  return await withIndex(runsFolder, async ({ path }) => {
    const reply = await ask({ path, sql, limit }, seconds);
    if (!("error" in reply)) return reply;
    if (isDamage(new Error(reply.error))) throw new Error(reply.error);
    throw new UserError(
      "query.failed",
      `Cannot run the query: ${reply.error}`,
      "docs/runs.md lists tables and columns",
    );
  });
}

async function ask(request: QueryRequest, seconds: number): Promise<QueryReply> {
  const worker = new Worker(new URL("./query-worker.ts", import.meta.url), { type: "module" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<QueryReply>((resolve, reject) => {
      // Loading the thread's code is not the query's time.
      worker.onmessage = ({ data }: MessageEvent<"ready" | QueryReply>) => {
        if (data !== "ready") return resolve(data);
        timer = setTimeout(() => reject(tooLong(seconds)), seconds * 1000);
        worker.postMessage(request);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`The query's thread failed: ${event.message}`));
      };
    });
  } finally {
    clearTimeout(timer);
    // While SQLite is busy, the thread does not end before its query, or this process.
    worker.terminate();
  }
}

function tooLong(seconds: number): UserError {
  return new UserError(
    "query.timeout",
    `The query took longer than ${seconds} s and was canceled`,
    "narrow it with where or limit, or allow more with --timeout <seconds>",
  );
}
