// Windows of the table: a reader that has one gets what is new to it, and ends with what it would get at once.
import assert from "node:assert/strict";
import { random } from "../../lib/random.ts";
import type { TableRow, TableWindow } from "../../lib/run/mod.ts";
import { sentWindows } from "../../lib/serve/sent-windows.ts";

const SEED = Date.now() % 100_000;
console.log(`random tables with seed ${SEED}`);

const row = (id: number, value: number): TableRow => ({
  kind: "run",
  id: `run-${id}`,
  title: `Run ${id}`,
  status: "running",
  cells: { ended: 0, total: 3, current: null },
  startedAt: "",
  tags: [],
  error: null,
  inGroup: false,
  values: [value],
});
const windowOf = (rows: TableRow[]): TableWindow => ({
  total: rows.length,
  matching: rows.length,
  running: 0,
  rowCount: rows.length,
  offset: 0,
  columns: [],
  moreColumns: 0,
  rows,
  problems: [],
  stale: null,
});

Deno.test("rows that a reader has are sent as their places, wherever they are now", () => {
  const windows = sentWindows();
  const first = windows.send(windowOf([row(1, 0), row(2, 0), row(3, 0)]), undefined);
  assert.deepEqual(first.rows, [row(1, 0), row(2, 0), row(3, 0)]);
  const second = windows.send(windowOf([row(4, 0), row(1, 0), row(2, 5), row(3, 0)]), first.version);
  assert.deepEqual(second.rows, [row(4, 0), 0, row(2, 5), 2]);
  assert.notEqual(second.version, first.version);
  const same = windows.send(windowOf([row(1, 0), row(2, 0), row(3, 0)]), undefined);
  assert.equal(same.version, first.version);
  const unknown = windows.send(windowOf([row(1, 0)]), "unknown");
  assert.deepEqual(unknown.rows, [row(1, 0)]);
});

Deno.test("any number of readers end with the rows that there are", () => {
  const from = random(SEED, "tables");
  const windows = sentWindows();
  const readers = Array.from(
    { length: 20 },
    () => ({ rows: [] as TableRow[], version: undefined as string | undefined }),
  );
  const values = Array.from({ length: 40 }, () => 0);
  for (let round = 0; round < 500; round++) {
    values[from.int(values.length)]!++;
    const now = windowOf(from.shuffle(values.map((value, id) => row(id, value))).slice(0, from.between(0, 40)));
    const reader = from.pick(readers);
    const { version, rows } = windows.send(now, reader.version);
    const before = reader.rows;
    reader.rows = rows.map((one) => typeof one === "number" ? before[one]! : one);
    reader.version = version;
    assert.deepEqual(reader.rows, now.rows);
  }
});
