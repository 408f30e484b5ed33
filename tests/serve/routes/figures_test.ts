// The figures of a run over HTTP are those of its report, also where they are drawn from more than its recent points.
import assert from "node:assert/strict";
import { type EventBody, readRun, type Table } from "../../../lib/run/mod.ts";
import { panelImage, resultFigures } from "../../../lib/report/mod.ts";
import { createApp } from "../../../lib/serve/mod.ts";
import { figuresResponseSchema } from "../../../lib/serve/schemas.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const STEPS = 300;
const SPIKE = 90;

const table = (name: string, keys: readonly string[], rows: Table["rows"]): EventBody => {
  const columns = keys.map((key) => ({ key, title: key, kind: "text" as const }));
  return { kind: "table", cell: "report", table: { name, title: name, columns, rows } };
};

/** A run of the instability experiment: one arm, with a spike far from its last points. */
function instabilityBodies(): EventBody[] {
  const [start] = demoBodies({ id: ID });
  assert.ok(start?.kind === "run.start");
  const plan = ["plain", "report"].map((cell) => ({ cell, title: cell }));
  const points = Array.from({ length: STEPS }, (_, i): EventBody => {
    const values = { loss: i + 1 === SPIKE ? 5 : 1, "mlp/bimodality": i + 2 === SPIKE ? 0.9 : 0.3 };
    return { kind: "metrics", cell: "plain", step: i + 1, steps: STEPS, values };
  });
  const end = (cell: string): EventBody => ({ kind: "cell.end", cell, status: "done", seconds: 1, summary: "" });
  return [
    { ...start, experiment: "instability", plan },
    { kind: "cell.start", cell: "plain", title: "plain", description: "", cellKey: "a" },
    ...points,
    end("plain"),
    { kind: "cell.start", cell: "report", title: "report", description: "", cellKey: "b" },
    table("outcomes", ["arm"], [{ arm: "plain" }]),
    table("warnings", ["arm", "spike"], [{ arm: "plain", spike: String(SPIKE) }]),
    end("report"),
    { kind: "run.end", status: "done", seconds: 2 },
  ];
}

Deno.test("the figures of a run are those of its report, from its first point to its last", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(instabilityBodies());
    run.release();
    const app = createApp({ runsFolder });
    const ask = (path: string) => app.request(path, { headers: { host: "localhost" } });
    const { figures } = figuresResponseSchema.parse(await (await ask(`/api/runs/${ID}/figures`)).json());
    assert.deepEqual(figures.map(({ name }) => name), ["signs", "arms", "time"]);
    const whole = resultFigures((await readRun(runsFolder, ID))!);
    assert.deepEqual(figures.map(({ panels }) => panels), whole.map(({ panels }) => panels.map(panelImage)));
    assert.match(figures[0]!.caption, new RegExp(`step ${SPIKE}`));
    const page = await (await ask(`/runs/${ID}/plain`)).text();
    for (const { title } of figures) assert.ok(page.includes(title), title);
  }));
