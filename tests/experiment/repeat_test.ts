// The commands that reports name: they exist, and repeat the run that they are shown for.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repeatCommand, seedsReportFolder } from "../../lib/experiment/repeat.ts";
import project from "../../deno.json" with { type: "json" };

Deno.test("`repeatCommand()` names a task only where it runs that very script", async () => {
  const tasks: Readonly<Record<string, string>> = project.tasks;
  for await (const { name, isFile } of Deno.readDir("experiments")) {
    if (!isFile) continue;
    const script = `experiments/${name}`;
    const [deno, task, word, next] = repeatCommand(script, [name.replace(/\.ts$/, ""), "--preset", "smoke"]);
    assert.deepEqual([deno, task], ["deno", "task"]);
    if (word === "run") assert.equal(next, script);
    else assert.ok(tasks[word!]!.split(" ").includes(script), `deno task ${word} does not run ${script}`);
  }
  assert.equal(
    repeatCommand("experiments/bts.ts", ["bts", "--preset", "smoke"]).join(" "),
    "deno task bts --preset smoke",
  );
  // `deno task gates` shows the gates of a run: it is no study.
  assert.equal(
    repeatCommand("experiments/studies/gates.ts", ["gates"]).join(" "),
    "deno task run experiments/studies/gates.ts",
  );
  assert.equal(repeatCommand("my/bts.ts", ["bts", "--seed", "1"]).join(" "), "deno task run my/bts.ts --seed 1");
  assert.equal(
    repeatCommand("experiments/bts.ts", ["bts", "--id", "a", "--seed", "1", "--id=b"]).join(" "),
    "deno task bts --seed 1",
  );
});

Deno.test("reports over seeds of different settings lie in folders of their own", () => {
  const of = (config: unknown, origins: Readonly<Record<string, string>>) =>
    seedsReportFolder("runs", { experiment: "bts", preset: "smoke", seeds: [1, 2], config, origins });
  const set = (count: number, more = {}) =>
    of({ stitch: { count }, eval: { items: 8 } }, { "stitch.count": "set", "eval.items": "preset", ...more });
  assert.equal(of({ eval: { items: 8 } }, { "eval.items": "preset" }), join("runs/reports/bts-smoke-seeds-1-2"));
  assert.match(set(1), /bts-smoke-[0-9a-f]{8}-seeds-1-2$/);
  assert.equal(set(1), set(1));
  assert.equal(new Set([set(1), set(2), set(1, { "eval.items": "file" })]).size, 3);
});
