// Which runs have models to ask, by the cells of their logs.
import assert from "node:assert/strict";
import { branchesExperts, foldEvents, hasStitches } from "../../../lib/run/view/mod.ts";
import { demoBodies, stamp } from "../demo-log.ts";

/** A run with cells of these names, of which those before `left` have ended. */
function runOf(names: readonly string[], left = 0, experiment = "bts") {
  const [start, ...rest] = demoBodies({ id: "20261122-101010-bts-demo-aaaa" });
  assert.ok(start!.kind === "run.start");
  const plan = names.map((cell) => ({ cell, title: cell }));
  const ended = names.slice(0, names.length - left).flatMap((cell) => [
    { kind: "cell.start", cell, title: cell, description: "", cellKey: "k" } as const,
    { kind: "cell.end", cell, status: "done", seconds: 1, summary: "" } as const,
  ]);
  assert.ok(rest.length > 0);
  return foldEvents(stamp([{ ...start, experiment, plan }, ...ended], new Date(), 1))!;
}

Deno.test("a run that branches experts from a seed has models, and other runs have none", () => {
  const bts = ["data", "seed", "expert:code", "stitch", "evaluate", "report"];
  assert.equal(branchesExperts(runOf(bts)), true);
  assert.equal(branchesExperts(runOf(bts, bts.length)), true, "planned");
  assert.equal(branchesExperts(runOf(["data", "stitch:again", "report"], 0, "expert")), true);
  assert.equal(branchesExperts(runOf(["data", "seed", "probe:code", "report"], 0, "rank")), false);
  assert.equal(branchesExperts(runOf(["data", "seed", "epsilon", "report"], 0, "instability")), false);
  assert.equal(branchesExperts(runOf(["problems", "answers:majority", "report"], 0, "refine")), false);
  assert.equal(branchesExperts(runOf([])), false);
});

Deno.test("stitches count as trained when a cell of them has ended", () => {
  const study = ["seed", "expert:code", "stitch:K=1", "stitch:K=2", "report"];
  assert.deepEqual([0, 1, 2, 3, 4].map((left) => hasStitches(runOf(study, left))), [true, true, true, false, false]);
  assert.equal(hasStitches(runOf(["seed", "expert:code", "stitch"], 1)), false);
  assert.equal(hasStitches(runOf(["seed", "stitches"])), false);
});
