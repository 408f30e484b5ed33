// The forecast of all studies.
import assert from "node:assert/strict";
import { PAGES } from "../../experiments/studies/all.ts";
import { forecast } from "../../lib/study/mod.ts";

Deno.test("`forecast()` counts shared cells once, and cells on another text again", async () => {
  const planned = await forecast(PAGES.paper.sections.map((section) => ({ ...section, preset: "smoke" })));
  const fresh = (name: string) => planned.find((one) => one.name === name)!.fresh.map(({ cell }) => cell);
  assert.ok(fresh("bts").includes("seed") && fresh("crosslingual").includes("seed"));
  assert.ok(!fresh("hub").includes("seed") && !fresh("hub").includes("evaluate"));
  for (const { fresh } of planned) assert.ok(fresh.some(({ cell }) => cell === "report"));
});
