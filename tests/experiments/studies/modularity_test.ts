// The modularity study, end to end.
import assert from "node:assert/strict";
import { join } from "node:path";
import { stitchFile } from "../../../lib/bts/stitch-file.ts";
import { openRun } from "../../../lib/library/open-run.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { repositoryRoot } from "../../../lib/run/files/repository.ts";
import { loadStitches } from "../../../lib/stitch/file.ts";
import { verdictOf } from "../../../lib/study/directions.ts";
import { assertMeasured } from "../../library/measured.ts";
import { assertPlanned } from "../planned.ts";

Deno.test("`modularity --preset smoke` measures every change and keeps other experts' parameters bit for bit", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-studies-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "experiments/studies/modularity.ts",
        "--preset",
        "smoke",
        "--no-serve",
        "--json",
        "--runs",
        runs,
      ]
        .concat(
          ["--set", 'experts=["code","math"]', "--set", "eval.items=1", "--set", "eval.tokens=256"],
        ),
      cwd: repositoryRoot,
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { run: id, directions: found } = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
    const view = (await readRun(runs, id))!;
    await assertPlanned(runs, id);
    const methods = Object.keys(view.results!.methods);
    assert.deepEqual(methods, [
      "seed",
      "all",
      ...["without code", "without math", "with english"].flatMap((change) =>
        ["untouched", "3 steps", "from scratch"].map((how) => `${change}, ${how}`)
      ),
    ]);
    using run = await openRun(id, { runs, device: "cpu" });
    const trained = methods.filter((name) => !name.endsWith("untouched") && name !== "seed");
    const models = await run.models();
    assert.deepEqual(models, ["seed", "expert:code", "expert:math", "soup", "btm", ...trained]);
    await assertMeasured(run, ["seed", ...trained]);
    const folder = (cell: string) => join(runs, view.cells.find(({ name }) => name === cell)!.artifacts[0]!.path, "..");
    const before = (await loadStitches(stitchFile(folder("stitch:all")))).stitches;
    const less = await loadStitches(stitchFile(folder("adapt:without code")));
    assert.deepEqual(less.experts.map(({ name }) => name), ["math"]);
    assert.deepEqual(less.stitches["stitch.0.projection.1"], before["stitch.0.projection.2"]);
    assert.deepEqual(less.stitches["stitch.1.gate.0"], before["stitch.1.gate.0"]);
    const more = await loadStitches(stitchFile(folder("adapt:with english")));
    assert.deepEqual(more.experts.map(({ name }) => name), ["code", "math", "english"]);
    for (const [name, tensor] of Object.entries(before)) assert.deepEqual(more.stitches[name], tensor, name);
    const tables = view.cells.find(({ name }) => name === "report")!.tables;
    const directions = tables.find(({ name }) => name === "directions")!;
    assert.equal(directions.rows.length, 6);
    assert.deepEqual(found, directions.rows, "--json has them, with their intervals");
    for (const row of tables.find(({ name }) => name === "variants")!.rows) {
      const method = String(row.method);
      const trained = !method.endsWith("untouched");
      for (const key of ["total", "scoring-speed", ...(trained ? ["trained", "training-speed"] : [])]) {
        assert.ok(Number(row[key]) > 0, `${method}: ${key}`);
      }
      assert.ok(typeof row["scoring-bytes"] === "number", method);
      assert.equal(row["training-bytes"] === null, !trained, method);
    }
    for (const { here, low, high } of directions.rows) {
      assert.equal(here, verdictOf({ low: Number(low), high: Number(high) }));
    }
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
