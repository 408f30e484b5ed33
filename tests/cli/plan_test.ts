// `deno task plan` as a command.
import assert from "node:assert/strict";
import { baselinesDefinition } from "../../experiments/baselines/config.ts";
import { btsDefinition } from "../../lib/bts/mod.ts";
import { planCommand } from "../../lib/cli/plan.ts";
import { UserError } from "../../lib/errors.ts";

async function run(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await planCommand(args, (line) => lines.push(line));
  return lines.join("\n");
}

Deno.test("`deno task plan` prints jobs, memory, schedule and methods, and the same as JSON", async () => {
  const text = await run("--preset", "paper", "--gpu", "h100", "--count", "256", "--price", "2.5");
  for (
    const says of [
      "256 × NVIDIA H100 SXM",
      "expert:multilingual",
      "optimizer",
      "█",
      "264M",
      "10.8B",
      "More devices would not help",
    ]
  ) {
    assert.ok(text.includes(says), says);
  }
  const json = JSON.parse(await run("--count", "256", "--price", "2.5", "--json"));
  assert.deepEqual(json.jobs.map(({ job }: { job: string }) => job), [
    "seed",
    "expert:code",
    "expert:math",
    "expert:multilingual",
    "stitch",
  ]);
  assert.equal(json.gpu.name, "h100");
  assert.ok(json.methods.some(({ method }: { method: string }) => method === "ties"));
  assert.equal(json.total.cost.used, 2.5 * json.total.deviceHours);
  assert.ok(!(await run("--no-seed", "--count", "256")).includes("\nseed "));
  assert.ok((await run("--gpu", "4090", "--count", "4", "--sharding", "none")).includes("too much"));
  for (const preset of Object.keys(btsDefinition.presets)) assert.ok((await run("--preset", preset)).includes(preset));
  assert.ok((await run("--help")).includes("--mfu"));
});

Deno.test("`deno task plan` on one device shards nothing, and suggests only measures not yet in use", async () => {
  const run = async (...args: string[]) => {
    const lines: string[] = [];
    await planCommand(["--gpu", "4090", ...args], (line) => lines.push(line));
    return lines.join("\n");
  };
  for (const sharding of ["auto", "full"]) {
    const one = await run("--count", "1", "--sharding", sharding);
    assert.match(one, /^seed +nothing /m);
    assert.match(
      one,
      /Too large .* To use less memory per device: more devices; --set train\.seed\.activations=recompute/,
    );
    assert.ok(!one.includes("--sharding full"));
  }
  assert.ok(!(await run("--count", "4")).includes("--sharding full"), "auto shards everything before it is too large");
  assert.match(await run("--count", "4", "--sharding", "none"), /more devices; --sharding full; --set train\.seed/);
  assert.doesNotMatch(
    await run("--count", "1", "--set", "train.seed.activations=recompute"),
    /--set train\.seed\.activations=recompute/,
  );
});

Deno.test("`deno task plan` has as many CALM connections as the comparison of all methods", async () => {
  const calmOf = async (...args: string[]) => {
    const lines: string[] = [];
    await planCommand(["--json", ...args], (line) => lines.push(line));
    const { methods } = JSON.parse(lines.join("\n")) as {
      methods: { method: string; parameters: { trained: number } }[];
    };
    return methods.find(({ method }) => method === "calm")!.parameters.trained;
  };
  const connections = baselinesDefinition.schema.parse({}).baselines.calm.connections;
  const one = await calmOf("--preset", "quick", "--set", "model.layers=1", "--set", "stitch.count=1");
  assert.equal(await calmOf("--preset", "quick"), connections * one);
  assert.equal(await calmOf("--preset", "quick", "--set", "stitch.count=4"), connections * one);
});

Deno.test("`deno task plan` has a job for the expert of each own domain, wherever their text is", async () => {
  const text = await run(
    "--preset",
    "smoke",
    "--set",
    "data.domains.law=not/here/*.txt",
    "--set",
    "data.domains.Gedichte=b.txt",
  );
  for (const name of ["expert:law", "expert:Gedichte"]) assert.ok(text.includes(name), name);
  assert.ok(!text.includes("expert:code"));
});

Deno.test("`deno task plan` refuses wrong options by name", async () => {
  const cases: [args: string[], code: string, ...says: string[]][] = [
    [["--gpu", "h10"], "plan.gpu", "h10", "h100"],
    [["--count", "0"], "command.malformed", "--count 0"],
    [["--count", "many"], "command.malformed", "--count many"],
    [["--mfu", "1.2"], "command.malformed", "--mfu 1.2"],
    [["--mfu", "0"], "command.malformed", "--mfu 0"],
    [["--price", "-1"], "command.malformed", "--price -1"],
    [["--price", "free"], "command.malformed", "--price free"],
    [["--preset", "papr"], "command.unknown-preset", "papr"],
    [["--sharding", "zero"], "command.invalid-argument", "zero"],
    [["--set", "model.heads=7"], "model.shape", "7"],
    [["--set", "experts=lwa", "--set", "data.domains.law=a.txt"], "bts.experts", "lwa", "law"],
    [["--set", "mix.seed.lwa=1"], "datamix.unknown-domain", "lwa", "mix.seed"],
    [["--set", "stitch.count=21"], "stitch.placement", "21"],
    [["--set", "stitch.kinds=H2E,E2H,H2E,E2H-LR", "--set", "stitch.rank=3073"], "stitch.rank", "3073", "3072"],
    [["--set", "model.nonsense=1"], "config.unknown-key", "model.nonsense"],
    [["paper"], "command.excess-arguments", "paper"],
  ];
  for (const [args, code, ...says] of cases) {
    await assert.rejects(() => planCommand(args, () => {}), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code, error.message);
      for (const word of says) assert.ok(error.message.includes(word), `${error.message} lacks ${word}`);
      return true;
    });
  }
});
