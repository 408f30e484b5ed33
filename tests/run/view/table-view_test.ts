// A view of the table of runs is its URL.
import assert from "node:assert/strict";
import { DEFAULT_VIEW, parseTableView, tableQuery, type TableView } from "../../../lib/run/view/table-view.ts";
import { random } from "../../../lib/random.ts";

Deno.test("a view is what its URL says, and the default view has none", () => {
  assert.equal(tableQuery(DEFAULT_VIEW), "");
  const seed = Math.floor(Math.random() * 2 ** 31);
  const draw = random(seed);
  const pick = <T>(values: readonly T[]) => values[draw.int(values.length)]!;
  for (let i = 0; i < 200; i++) {
    const view: TableView = {
      filter: pick(["", "seed:2", 'name:"a b" tag:x&y=z', "width:>64 %2C+#?"]),
      sort: pick(["started", "bpb", "stitch/loss:min", "train.rate"]),
      descending: pick([true, false]),
      columns: pick([undefined, [], ["seed"], ["stitch/loss:min", "model.width", "tags"]]),
      group: pick([undefined, "seeds", "sweep"] as const),
      open: pick([[], ["a b"], ["x&y", "ü"]]),
      offset: pick([0, 0, 300]),
    };
    const { view: again, problems } = parseTableView(new URLSearchParams(tableQuery(view)));
    assert.deepEqual(again, view, `seed ${seed}`);
    assert.deepEqual(problems, []);
  }
});

Deno.test("a malformed URL says what was wrong, and the rest is shown", () => {
  const { view, problems } = parseTableView(
    new URLSearchParams(`sort=-bpb&group=color&offset=-3&columns=${"a,".repeat(90)}b&filter=seed:2`),
  );
  assert.equal(problems.length, 2);
  assert.match(problems[0]!, /Cannot group by "color": expected seeds, sweep/);
  assert.match(problems[1]!, /Cannot begin at row "-3"/);
  assert.deepEqual([view.sort, view.descending, view.filter, view.offset], ["bpb", true, "seed:2", 0]);
  assert.deepEqual(view.columns, ["a", "b"]);
  const long = parseTableView(new URLSearchParams({ filter: "x".repeat(5_000), columns: manyNames(60) }));
  assert.equal(long.problems.length, 2);
  assert.equal(long.view.columns!.length, 40);
});

function manyNames(count: number): string {
  return Array.from({ length: count }, (_, i) => `c${i}`).join(",");
}
