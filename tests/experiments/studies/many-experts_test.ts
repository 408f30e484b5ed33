// The studies of domains and of many experts, end to end, and what a results page says of several runs.
import assert from "node:assert/strict";
import { manyExpertsFindings } from "../../../experiments/studies/many-experts/findings.ts";
import { headlineOn, type MethodResult, readRun, repositoryRoot, type RunView, valueOf } from "../../../lib/run/mod.ts";
import { withFolder } from "../../run/fixtures.ts";
import { assertPlanned } from "../planned.ts";

/** Runs a study on little text, and returns its finished run. */
async function finished(runs: string, script: string, ...sets: readonly string[]): Promise<RunView> {
  const little = ['data.domains=["compiler","arithmetic"]', 'experts=["compiler","arithmetic"]', "eval.tokens=256"];
  const mix = ['mix.seed={"compiler":1,"arithmetic":1}', 'mix.stitch={"compiler":1,"arithmetic":1}'];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", `experiments/studies/${script}`, "--preset", "smoke", "--no-serve", "--json"],
      ...["--runs", runs, "--device", "cpu", ...[...little, ...mix, ...sets].flatMap((set) => ["--set", set])],
    ],
    cwd: repositoryRoot,
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { run } = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!) as { run: string };
  await assertPlanned(runs, run);
  return (await readRun(runs, run))!;
}

Deno.test("`domains --preset smoke` measures three arms on the same text, from the same seed", async () => {
  await withFolder(async (runs) => {
    const { results, cells } = await finished(runs, "domains.ts");
    const { methods } = results!;
    for (const division of ["by hand", "discovered", "random"]) {
      for (const method of ["Soup", "Own expert", "BTM", "BTS"]) {
        assert.ok(Number.isFinite(headlineOn(methods[`${method}, ${division}`])!.value), `${method}, ${division}`);
      }
    }
    assert.equal(valueOf(methods["BTS, by hand"], { name: "rand-index", group: "" }), 1);
    assert.equal(cells.filter(({ name }) => name === "seed").length, 1);
    // By hand, the expert of a document's own group is that of its domain.
    const own = headlineOn(methods["Own expert, by hand"], "compiler")!.value;
    const matrix = cells.find(({ name }) => name === "evaluate:by hand")!;
    assert.ok(matrix.summary!.includes("expert:compiler") && own > 0);
  });
});

Deno.test("`many-experts --preset smoke` measures every number of experts, and top-2 of 3 models is not all", async () => {
  await withFolder(async (runs) => {
    const { results, cells } = await finished(runs, "many-experts.ts", "counts=2,3", "built=3");
    const { methods } = results!;
    const named = Object.keys(methods);
    for (const n of [2, 3]) {
      for (const method of ["Soup", "BTM", "BTM top-2", "BTS"]) assert.ok(named.includes(`${method}, n=${n}`), method);
    }
    for (const method of ["Expert routing", "BTX top-2", "DUME"]) {
      assert.ok(named.includes(`${method}, n=3`) && !named.includes(`${method}, n=2`), method);
    }
    const leading = valueOf(methods["BTS, n=3"], { name: "leading", group: "" })!;
    assert.ok(leading >= 1 && leading <= 4, String(leading));
    const [all, top] = ["BTM, n=3", "BTM top-2, n=3"].map((name) => headlineOn(methods[name])!.value);
    assert.notEqual(all, top);
    const tables = cells.flatMap(({ tables }) => tables);
    const bytes = tables.find(({ name }) => name === "packed")!.rows
      .filter(({ method }) => method === "BTS, n=3").map(({ megabytes }) => Number(megabytes));
    assert.ok(bytes.length === 4 && bytes[0]! > bytes[1]! && bytes[1]! > bytes[2]!, bytes.join());
    assert.equal(headlineOn(methods["seed"])!.samples, headlineOn(methods["BTS, n=3"])!.samples);
  });
});

Deno.test("findings have a curve for each method, with gaps where it was not built", () => {
  const of = (values: Readonly<Record<string, number>>): MethodResult =>
    Object.entries(values).map(([name, value]) => ({
      name,
      group: name === "bpb" ? "mean" : "",
      value,
      interval: null,
      samples: null,
      better: null,
    }));
  const view = (seed: number) => ({
    seed,
    results: {
      domains: ["code"],
      measures: [],
      methods: {
        seed: of({ bpb: 3 }),
        "DUME, n=4": of({ bpb: 2 + seed / 10, "own-saved": 0.5 }),
        "BTS, n=2": of({ bpb: 2.5, "own-saved": 0.25, leading: 1.5, mixed: 2 }),
        "BTS, n=4": of({ bpb: 2.25, "own-saved": 0.75, leading: 3, mixed: 4 }),
      },
    },
  } as unknown as RunView);
  const text = manyExpertsFindings([view(1), view(2), view(3)]).join("\n");
  assert.match(text, /\| *experts *\| *2 *\| *4 *\|/);
  assert.match(text, /\| *Seed *\| *3\.000 ± 0\.000 *\| *3\.000/);
  assert.match(text, /\| *DUME *\| *– *\| *2\.200 ± 0\.248 *\|/);
  assert.match(text, /\| *BTS *\| *0\.250[^|]*\| *0\.750/);
  assert.match(text, /\| *models that lead at some token *\| *1\.5[^|]*\| *3\.0/);
});
