// Which run's models are meant by `last`, and that the answer does not change while a program runs.
import assert from "node:assert/strict";
import { btsConfigSchema } from "../../lib/bts/mod.ts";
import { findModelRun, settledSource } from "../../lib/library/mod.ts";
import { beginRun } from "../../lib/run/mod.ts";
import { emptyResults, options } from "../run/fixtures.ts";

Deno.test("`last` is the newest run with models, and a settled source stays what it was", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-last-" });
  const run = async (settings: Parameters<typeof options>[1]) => {
    const begun = await beginRun(options(runs, settings));
    begun.finish(emptyResults);
    await new Promise((resolve) => setTimeout(resolve, 5)); // times in logs are whole milliseconds
    return begun.id;
  };
  try {
    const comparison = await run({ experiment: "refine" });
    assert.equal((await findModelRun("last", runs)).id, comparison, "none has models: the newest");
    const first = await run({ config: btsConfigSchema.parse({}) });
    const settled = await settledSource("last", { runs });
    await run({ experiment: "refine" });
    assert.equal((await findModelRun("last", runs)).id, first);
    const second = await run({ config: btsConfigSchema.parse({}) });
    assert.equal((await findModelRun("last", runs)).id, second);
    assert.equal((await findModelRun(settled)).id, first);
    assert.equal((await findModelRun(comparison, runs)).id, comparison, "an id means that run");
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
