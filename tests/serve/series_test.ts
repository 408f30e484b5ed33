// Series over HTTP: chosen, thinned, only what is new, and whole as CSV.
import assert from "node:assert/strict";
import type { EventBody } from "../../lib/run/mod.ts";
import { createApp } from "../../lib/serve/mod.ts";
import { seriesNamesResponseSchema, seriesResponseSchema } from "../../lib/serve/schemas.ts";
import { demoBodies } from "../run/demo-log.ts";
import { type FakeRun, fakeRun, withRunsFolder } from "../run/fake-run.ts";

const [A, B] = ["20261122-101010-bts-demo-aaaa", "20261122-101010-bts-demo-bbbb"];

/** Two demo runs, the first with a cell of an awkward name, and a client. */
async function withApp(body: (ask: (path: string) => Promise<Response>, run: FakeRun) => Promise<void>): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const runs = [A, B].map((id) => {
      const run = fakeRun(runsFolder, id);
      run.append(demoBodies({ id, steps: 60 }).slice(0, -1));
      return run;
    });
    runs[0]!.append([{ kind: "metrics", cell: 'odd,"cell"\n', step: 1, steps: 2, values: { "a,b": null, z: -0.125 } }]);
    const app = createApp({ runsFolder });
    try {
      await body(
        async (path) => await app.fetch(new Request(`http://localhost${path}`, { headers: { host: "localhost" } })),
        runs[0]!,
      );
    } finally {
      for (const run of runs) run.release();
    }
  });
}

const series = async (response: Response) => seriesResponseSchema.parse(await response.json());

Deno.test("the API names the series of a run and gives those that are asked for", () =>
  withApp(async (ask, run) => {
    const names = await ask(`/api/series/names?run=${A}&run=20261122-101010-none-aaaa`);
    const { runs, unknown } = seriesNamesResponseSchema.parse(await names.json());
    assert.deepEqual([runs.map(({ run }) => run), unknown], [[A], ["20261122-101010-none-aaaa"]]);
    const seed = runs[0]!.cells.find(({ cell }) => cell === "seed")!;
    assert.deepEqual([seed.title, seed.steps], ["Pretrain the seed", 60]);
    assert.equal(seed.metrics.find(({ name }) => name === "loss")!.points, 60);

    const two = await series(await ask(`/api/series?run=${A}&run=${B}&cell=seed&cell=stitch&metric=loss`));
    assert.deepEqual(two.runs.map(({ run, cells }) => [run, cells.map(({ cell }) => cell)]), [
      [A, ["seed", "stitch"]],
      [B, ["seed", "stitch"]],
    ]);
    const [loss, ...others] = two.runs[0]!.cells[0]!.series;
    assert.deepEqual([loss!.metric, loss!.points, loss!.step.length, others], ["loss", 60, 60, []]);

    const few = await series(await ask(`/api/series?run=${A}&metric=loss&points=10&x=time`));
    assert.ok(few.runs[0]!.cells[0]!.series[0]!.step.length <= 12);
    assert.equal(few.runs[0]!.cells[0]!.series[0]!.x!.length, few.runs[0]!.cells[0]!.series[0]!.step.length);

    const lastSeq = two.runs[0]!.lastSeq;
    run.append([{ kind: "metrics", cell: "stitch", step: 61, steps: 61, values: { loss: 1.25 } } satisfies EventBody]);
    const more = await series(
      await ask(`/api/series?run=${A}&run=${B}&metric=loss&after=${lastSeq}&after=${two.runs[1]!.lastSeq}`),
    );
    assert.deepEqual(more.runs.map(({ cells }) => cells.map(({ cell }) => cell)), [["stitch"], []]);
    assert.equal(more.runs[0]!.cells[0]!.series[0]!.value.at(-1), 1.25);
  }));

Deno.test("a query that cannot be read is refused with the parameter and what was expected", () =>
  withApp(async (ask) => {
    for (
      const [query, text] of [
        ["", /run: expected at least one/],
        [`run=${A}&x=epoch`, /x: .*step.*tokens.*flops.*time/],
        [`run=${A}&points=3`, /points: expected 10 to 10,000/],
        [`run=${A}&points=many`, /points: expected a whole number/],
        [`run=${A}&from=here`, /from: expected a number/],
        [`run=${A}&from=9&to=1`, /from: expected no more than `to`/],
        [`run=${A}&after=1&after=2`, /after: expected one for each run/],
        [`run=${A}&after=-7`, /after: expected the `lastSeq`/],
        [`run=${Array(51).fill(A).join("&run=")}`, /run: expected at most 50 runs/],
        [`run=${A}&points=10000`, /choose fewer metrics/],
      ] as const
    ) {
      const response = await ask(`/api/series?${query}`);
      assert.equal(response.status, 400, query);
      assert.match((await response.json()).error.message, text);
    }
    assert.equal((await ask("/api/series?run=20261122-101010-none-aaaa")).status, 404);
    const gone = ["none-aaaa", "none-bbbb"].map((end) => `20261122-101010-${end}`);
    const none = await series(await ask(`/api/series?${gone.map((run) => `run=${run}`).join("&")}`));
    assert.deepEqual([none.runs, none.unknown], [[], gone]);
    assert.equal((await ask("/api/series.csv?run=..%2f..")).status, 404);
    const some = await series(await ask(`/api/series?run=20261122-101010-none-aaaa&run=${A}&metric=loss`));
    assert.deepEqual([some.unknown, some.runs.length], [["20261122-101010-none-aaaa"], 1]);
    assert.deepEqual((await series(await ask(`/api/series?run=${A}&cell=none`))).runs[0]!.cells, []);
  }));

Deno.test("CSV has every point, whatever cells and metrics are called", () =>
  withApp(async (ask) => {
    const response = await ask(`/api/series.csv?run=${A}&run=${B}`);
    assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
    assert.match(response.headers.get("content-disposition")!, /attachment; filename="runs.csv"/);
    const text = await response.text();
    assert.ok(text.startsWith("run,cell,metric,step,seconds,tokens,flops,value\n"));
    assert.equal(text.match(new RegExp(`^${A},seed,loss,`, "gm"))!.length, 60);
    assert.ok(text.includes(`\n${A},"odd,""cell""\n","a,b",1,0,,,NaN\n`), "quoted as RFC 4180 says");
    assert.ok(text.includes(`\n${A},"odd,""cell""\n",z,1,0,,,-0.125\n`));
    const one = await ask(`/api/series.csv?run=${A}&cell=seed&metric=lr`);
    assert.match(one.headers.get("content-disposition")!, /20261122-101010-bts-demo-aaaa.csv/);
  }));
