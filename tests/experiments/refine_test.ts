// The refinement experiment on endpoints whose right answers are known, and on models here.
import assert from "node:assert/strict";
import { join } from "node:path";
import { refineConfigSchema, refineDefinition } from "../../experiments/refine/config.ts";
import { refineExperiment } from "../../experiments/refine.ts";
import { UserError } from "../../lib/errors.ts";
import { planOf } from "../../lib/experiment/mod.ts";
import { type AttemptRecord, readReplies, REFINE_METHODS, REPLIES_FILE } from "../../lib/refine/mod.ts";
import { resultFigures } from "../../lib/report/mod.ts";
import {
  buildConfig,
  parseExperimentArguments,
  readProvenance,
  readRun,
  repositoryRoot,
  runIds,
  type RunView,
} from "../../lib/run/mod.ts";
import { type Asked, failure, type StubEndpoint, stubEndpoint } from "../refine/stub-endpoint.ts";
import { assertPlanned } from "./planned.ts";

async function refine(runs: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "experiments/refine.ts", "--no-serve", "--runs", runs, "--json", ...args],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1", OPENAI_API_KEY: "" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Problems of two levels, in a file. */
async function problemsIn(folder: string): Promise<string> {
  const file = join(folder, "problems.jsonl");
  const lines = Array.from({ length: 16 }, (_, i) => ({
    id: `p${i}`,
    level: i < 8 ? "easy" : "hard",
    question: `What is ${i} plus ${i}?`,
    answer: 2 * i,
  }));
  await Deno.writeTextFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  return file;
}

/** Solves easy problems always, and hard ones only after it has read notes. */
function solver({ text }: Asked): string {
  if (text.includes("most likely right")) return "1 2";
  if (text.includes("Summarize them")) return "both attempts add";
  const number = Number(/What is (\d+) plus/.exec(text)![1]);
  return number < 8 || text.includes("Notes:") ? `well Answer: ${2 * number}` : "well Answer: 99";
}

const args = (file: string, { url }: StubEndpoint) => [
  ...["--endpoint", url, "--preset", "smoke", "--set", "budgets=[800, 1200]", "--set", "endpoint.retries=1"],
  ...["--set", `problems.file=${file}`, "--set", "problems.perLevel=8"],
];

const jsonLines = async <Line>(path: string): Promise<Line[]> =>
  (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));

async function filesOf(runs: string, view: RunView, cell: string) {
  const folder = join(runs, ".cells", view.cells.find(({ name }) => name === cell)!.cellKey);
  return {
    attempts: await jsonLines<AttemptRecord>(join(folder, "attempts.jsonl")),
    replies: await readReplies(join(folder, REPLIES_FILE)),
  };
}

Deno.test("`refine --endpoint` solves what it should, counts each token, and reports it", async (t) => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-refine-" });
  try {
    await using stub = stubEndpoint(solver);
    const file = await problemsIn(runs);
    const { code, stdout, stderr } = await refine(runs, ...args(file, stub));
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
    const view = (await readRun(runs, result.run))!;

    await t.step("the endpoint is what solved, not this machine", async () => {
      assert.equal(view.device, `stub at ${stub.url}`);
      assert.equal((await readProvenance(join(runs, result.run)))[0]!.environment.device, null);
      assert.equal(view.speed, null);
    });

    await t.step("the methods that write notes solve everything, the others half", async () => {
      await assertPlanned(runs, result.run);
      assert.deepEqual(Object.keys(result.methods), [...REFINE_METHODS]);
      for (const method of REFINE_METHODS) {
        const value = (name: string, group: string) =>
          result.methods[method].find((one: { name: string; group: string }) =>
            one.name === name && one.group === group
          )
            .value;
        const whole = method.startsWith("pdr-");
        assert.equal(value("accuracy", ""), whole ? 1 : 0.5, method);
        assert.equal(value("accuracy-by-level", "easy"), 1, method);
        assert.equal(value("accuracy-by-level", "hard"), whole ? 1 : 0, method);
        assert.equal(value("accuracy-by-budget", "800"), whole ? 1 : 0.5, method);
      }
    });

    await t.step("B_total and B_seq are the tokens that the endpoint counted, within the budget", async () => {
      const words = (text: string) => text.split(/\s+/).filter((word) => word !== "").length;
      for (const method of REFINE_METHODS) {
        const { attempts, replies } = await filesOf(runs, view, method);
        const known = new Map(replies.map((reply) => [reply.request, reply]));
        assert.equal(attempts.length, 32);
        for (const { trace, total, sequential, allowance } of attempts) {
          const tokens = trace.map(({ request, input, output }) => {
            const { prompt, text } = known.get(request)!;
            assert.deepEqual([input, output], [words(prompt), words(text)]);
            return input + output;
          });
          assert.equal(total, tokens.reduce((sum, one) => sum + one, 0), method);
          assert.ok(total <= allowance && sequential <= total, method);
          const chain = (at: number): number => tokens[at]! + Math.max(0, ...trace[at]!.after.map(chain));
          if (method !== "majority" && method !== "best-of-n") {
            assert.equal(sequential, chain(trace.length - 1), method);
          }
        }
      }
    });

    await t.step("equal requests are asked once, over all methods and budgets", () => {
      const requests = stub.asked.map(({ text, seed, maxTokens }) => JSON.stringify([text, seed, maxTokens]));
      assert.equal(new Set(requests).size, requests.length);
    });

    await t.step("the page has the figures, too", () => {
      const names = resultFigures(view).map(({ name }) => name);
      assert.deepEqual(names, ["refinement-total", "refinement-sequential", "time"]);
    });

    await t.step("the report has the table, the figures and the verdict", async () => {
      const report = await Deno.readTextFile(join(runs, result.run, "report.html"));
      for (
        const words of ["Refinement helps.", "PDR, random-k", "figure-refinement-total", "figure-refinement-sequential"]
      ) {
        assert.ok(report.includes(words), words);
      }
      assert.ok(!/NaN|undefined/.test(report));
      assert.match(await Deno.readTextFile(join(runs, result.run, "report.md")), /## Refinement\n\nRefinement helps\./);
    });
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("an endpoint that breaks down is named, what it answered is kept, and the same command resumes", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-refine-" });
  try {
    let works = 60;
    const answered: string[] = [];
    await using stub = stubEndpoint((asked) => {
      if (works-- <= 0) return failure(503);
      answered.push(JSON.stringify([asked.text, asked.seed, asked.maxTokens]));
      return solver(asked);
    });
    const file = await problemsIn(runs);
    const broken = await refine(runs, ...args(file, stub));
    assert.equal(broken.code, 2, broken.stderr);
    assert.match(
      broken.stderr,
      /The endpoint http:\/\/127\.0\.0\.1:\d+\/v1 answers with an error: 503 overloaded, tried 2 times/,
    );
    assert.match(broken.stderr, /hint: what was answered is kept/);
    assert.equal(broken.stderr.match(/error: 503 overloaded, and is asked again\n/g)?.length, 1);
    assert.doesNotMatch(broken.stderr, /at file:/);
    const [id] = await runIds(runs);
    assert.equal((await readRun(runs, id!))!.status, "failed");
    works = Infinity;
    const resumed = await refine(runs, ...args(file, stub));
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(await runIds(runs), [id]);
    assert.equal(new Set(answered).size, answered.length, "nothing is asked twice");
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("a mistake is named before a run is begun", async () => {
  await using stub = stubEndpoint(solver, ["small", "large"]);
  const wrong: readonly (readonly [settings: object, message: RegExp])[] = [
    [{ endpoint: { url: "http://127.0.0.1:9/v1", retries: 0 } }, /127\.0\.0\.1:9\/v1 cannot be reached/],
    [{ endpoint: { url: stub.url }, model: { name: "smal" } }, /no model "smal".*small, large/],
    [
      { endpoint: { url: stub.url }, model: { name: "small" }, problems: { file: "no-such.jsonl" } },
      /no-such\.jsonl: it does not exist/,
    ],
    [{ model: { source: "no-such-run" } }, /no-such-(run|folder)/],
    [{ model: { source: "models/no-such" } }, /models\/no-such/],
  ];
  for (const [settings, message] of wrong) {
    const experiment = refineExperiment();
    const given = refineConfigSchema.parse(settings);
    const begin = async () => {
      const context = { runsFolder: "no-such-folder", report: () => {} };
      const config = await experiment.complete!({ ...context, config: given, origins: {}, dryRun: false });
      await experiment.check(config);
      await experiment.prepare(config, 1, context);
    };
    await assert.rejects(begin, (error) => error instanceof UserError && message.test(error.message), String(message));
  }
  const given = refineConfigSchema.parse({ endpoint: { url: stub.url }, model: { name: "small" } });
  const both = { config: given, origins: { "model.source": "set" }, runsFolder: "none", dryRun: false } as const;
  await assert.rejects(() => refineExperiment().complete!(both), /Cannot use both last and the endpoint/);
});

Deno.test("settings that do not fit together are refused", async () => {
  const experiment = refineExperiment();
  for (const wrong of [{ budgets: [512, 512] }, { methods: ["majority", "majority"] }]) {
    const config = refineConfigSchema.parse(wrong);
    await assert.rejects(async () => await experiment.check(config), /has (512|majority) twice/);
  }
});

Deno.test("the plan has a cell for each method, with the tokens that it may spend", async () => {
  const experiment = refineExperiment();
  const preset = { name: "quick", value: refineDefinition.presets["quick"]!.config as Record<string, unknown> };
  await using stub = stubEndpoint(solver);
  const given = buildConfig(refineDefinition.schema, { preset, sets: [`endpoint.url=${stub.url}`] });
  const config = await experiment.complete!({ config: given, origins: {}, runsFolder: "none", dryRun: true });
  const plan = await planOf(experiment, config);
  assert.deepEqual(plan.map(({ cell }) => cell), ["problems", ...REFINE_METHODS, "report"]);
  assert.ok(plan.slice(1, -1).every(({ tokens }) => tokens === 60 * (1024 + 2048 + 4096)));
});

Deno.test("`--dry-run` asks the endpoint for its models, and promises no time", async () => {
  await using one = stubEndpoint(solver);
  await using two = stubEndpoint(solver, ["small", "large"]);
  const plan = await refine("no-such-folder", "--endpoint", one.url, "--dry-run");
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stderr, /on stub at http:\/\/127\.0\.0\.1:\d+\/v1: its speed is not known/);
  assert.doesNotMatch(plan.stderr, /\d s\b|\d min|FLOP|estimated|cores|threads/i);
  assert.equal(JSON.parse(plan.stdout.trim().split("\n").at(-1)!).seconds, null);
  const wrong = await refine("no-such-folder", "--endpoint", two.url, "--dry-run");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /Which model at .*it has small, large\n.*--model/);
  assert.deepEqual([...one.asked, ...two.asked], []);
});

Deno.test("the model and the endpoint are options of their own, which `--help` lists", () => {
  const parse = (...args: string[]) => parseExperimentArguments(args, refineDefinition);
  const help = parse("--help");
  assert.ok(help.kind === "help");
  for (const words of ["[run|model]", "--endpoint <url>", "--model <name>", "OPENAI_API_KEY"]) {
    assert.ok(help.text.includes(words), words);
  }
  const given = parse("--seed", "2", "last", "--model=bts");
  assert.ok(given.kind === "run");
  assert.deepEqual([given.config.model.source, given.config.model.name, given.seeds], ["last", "bts", [2]]);
  const there = parse("--endpoint", "http://a/v1?x=1", "--json");
  assert.ok(there.kind === "run");
  assert.equal(there.config.endpoint.url, "http://a/v1?x=1");
  const wrong = [["localhost:8000/v1", /expected an address/], [
    "http://a/v1/chat/completions",
    /expected the address before/,
  ], ["http://a:b@localhost/v1", /has a password/]] as const;
  for (const [url, message] of wrong) assert.throws(() => parse("--endpoint", url), message);
  assert.throws(() => parse("--endpoint"), /--endpoint <url>' argument missing/);
  assert.throws(
    () => parse("--endpont=x"),
    (error) => error instanceof UserError && /--endpoint/.test(error.hint ?? ""),
  );
});
