// The thread that runs a query. SQLite cannot be interrupted, so the thread that waits must be able to abandon this one.
import type { StatementSync } from "node:sqlite";
import { openForReading } from "./runs-index.ts";
import type { QueryReply, QueryRequest } from "./query-messages.ts";

const scope = self as unknown as {
  onmessage: ((message: MessageEvent<QueryRequest>) => void) | null;
  postMessage(message: "ready" | QueryReply): void;
};

scope.onmessage = ({ data }) => {
  try {
    scope.postMessage(answer(data));
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

scope.postMessage("ready");

function answer({ path, sql, limit }: QueryRequest): QueryReply {
  const db = openForReading(path);
  try {
    db.exec("begin");
    const statement = db.prepare(sql);
    statement.setReadBigInts(true); // otherwise, integers above 2^53 are errors
    const columns = statement.columns().map(({ name }) => name);
    if (columns.length === 0) return { error: "it returns no rows" };
    // Rows are objects: of two columns of one name, the first would be lost.
    const twice = columns.find((name, i) => columns.indexOf(name) !== i);
    if (twice !== undefined) {
      return { error: `it returns two columns named ${JSON.stringify(twice)}; rename one with as` };
    }
    const first = firstRows(statement, limit + 1);
    if (first.length > limit) return { columns, rows: first.slice(0, limit).map(withNumbers), more: true };
    // `iterate()` ends without an error when a row fails (Deno 2.9); `all()` throws, and there are few rows by now.
    return { columns, rows: statement.all().map(withNumbers), more: false };
  } finally {
    db.close();
  }
}

function firstRows(statement: StatementSync, count: number): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  for (const row of statement.iterate()) {
    rows.push(row);
    if (rows.length === count) break;
  }
  return rows;
}

/** The row with numbers for the integers that numbers hold exactly. */
function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  const exact = (value: unknown) =>
    typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, exact(value)]));
}
