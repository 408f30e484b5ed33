// The graph of a run's cells.
import assert from "node:assert/strict";
import { cellGraph } from "../../../lib/run/view/graph.ts";
import { foldEvents } from "../../../lib/run/view/view.ts";
import { random } from "../../../lib/random.ts";
import { demoBodies, stamp } from "../demo-log.ts";

const cell = (name: string, ...needs: string[]) => ({ name, needs });

Deno.test("`cellGraph()` puts experts side by side between the seed and the stitches", () => {
  const { cells } = foldEvents(stamp(demoBodies({ id: "r" }).slice(0, 1), new Date(), 1))!;
  const { nodes, edges, columns, rows } = cellGraph(cells)!;
  const of = (column: number) => nodes.filter((node) => node.column === column).map(({ name }) => name);
  assert.deepEqual(Array.from({ length: columns }, (_, column) => of(column)), [
    ["data"],
    ["tokenizer"],
    ["seed"],
    ["expert:code", "expert:math", "expert:multilingual"],
    ["stitch"],
    ["evaluate"],
    ["report"],
  ]);
  assert.equal(rows, 3);
  // The stitches need the seed, too, and that follows.
  assert.deepEqual(edges.filter(([, to]) => to === "stitch").map(([from]) => from), of(3));
  assert.deepEqual(edges.filter(([, to]) => to === "evaluate"), [["stitch", "evaluate"]]);
});

Deno.test("`cellGraph()` of random graphs: cells are right of what they need, and edges say all that was said", () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const source = random(seed, "graphs");
  for (let trial = 0; trial < 100; trial++) {
    const count = 1 + source.int(12);
    const cells = Array.from(
      { length: count },
      (_, at) => cell(`${at}`, ...Array.from({ length: at }, (_, i) => `${i}`).filter(() => source.int(10) < 3)),
    );
    const graph = cellGraph(cells);
    if (graph === undefined) continue;
    const columnOf = new Map(graph.nodes.map(({ name, column }) => [name, column]));
    const reach = (edges: readonly (readonly [string, string])[]) => {
      const above = new Map<string, Set<string>>(cells.map(({ name }) => [name, new Set()]));
      for (const { name } of cells) {
        for (const [from, to] of edges) {
          if (to === name) { for (const one of [from, ...above.get(from)!]) above.get(to)!.add(one); }
        }
      }
      return [...above].map(([name, all]) => [name, [...all].sort()]);
    };
    const said = cells.flatMap(({ name, needs }) => needs.map((need) => [need, name] as const));
    assert.deepEqual(reach(graph.edges), reach(said), `seed ${seed}`);
    assert.ok(graph.edges.length <= said.length);
    for (const [from, to] of said) assert.ok(columnOf.get(from)! < columnOf.get(to)!, `seed ${seed}`);
    const places = new Set(graph.nodes.map(({ column, row }) => `${column} ${row}`));
    assert.equal(places.size, count, `two cells in one place, seed ${seed}`);
  }
});

Deno.test("`cellGraph()` knows nothing of old logs, and ignores needs that cannot be", () => {
  assert.equal(cellGraph([cell("a"), cell("b")]), undefined);
  assert.equal(cellGraph([]), undefined);
  const { edges, columns } = cellGraph([cell("a", "b", "a", "gone"), cell("b", "a", "a")])!;
  assert.deepEqual([edges, columns], [[["a", "b"]], 2]);
});
