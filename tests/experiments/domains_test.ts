// Domains that people name themselves, end to end: text in a folder with a space in its name, an expert and a task each.
import assert from "node:assert/strict";
import { join } from "node:path";
import { btsExperiment } from "../../experiments/bts.ts";
import { expertCommand } from "../../experiments/expert.ts";
import { gatesCommand } from "../../lib/cli/gates.ts";
import { experimentCommand } from "../../lib/experiment/mod.ts";
import { random } from "../../lib/random.ts";
import { headlineOn, measurementOf, readRun, repositoryRoot, runIds } from "../../lib/run/mod.ts";
import { answerTrialCheck } from "../../lib/run/sweep/check.ts";
import { measureTables } from "../../lib/serve/client/run/measure-tables.ts";
import { inProcess, LISTENS } from "../experiment/in-process.ts";
import { assertPlanned } from "./planned.ts";
import { assertRefused } from "../experiment/refused.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the main experiment as a process. */
async function bts(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "experiments/bts.ts", ...args],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Arguments of the main experiment with the smoke preset. */
function argsOf(runs: string, sets: readonly string[]): string[] {
  return ["--no-serve", "--preset", "smoke", "--runs", runs, ...sets.flatMap((setting) => ["--set", setting])];
}

/** Two domains of different words: files of law, and poems in JSON lines; and a file of questions about each. */
async function writeTexts(folder: string): Promise<void> {
  const stream = random(7, "texts");
  const some = (words: readonly string[], count: number) =>
    Array.from({ length: count }, () => stream.pick(words)).join(" ");
  const law = ["court", "statute", "party", "clause", "shall", "contract", "tort", "liable", "pursuant", "herein"];
  const poems = ["lune", "rivière", "rêve", "nuit", "or", "chagrin", "vent", "étoile", "rose", "cœur"];
  await Deno.mkdir(join(folder, "laws", "old"), { recursive: true });
  for (const [i, name] of ["first.txt", "second.txt", "old/third.txt"].entries()) {
    const sections = Array.from({ length: 60 }, (_, k) => `Section ${i}.${k}. ${some(law, 60)}.`);
    await Deno.writeTextFile(join(folder, "laws", name), sections.join("\n\n"));
  }
  const lines = (count: number, line: (k: number) => object) =>
    Array.from({ length: count }, (_, k) => JSON.stringify(line(k))).join("\n");
  await Deno.writeTextFile(join(folder, "poems.jsonl"), lines(200, (k) => ({ text: `${k}\n${some(poems, 50)}` })));
  await Deno.writeTextFile(
    join(folder, "law questions.jsonl"),
    lines(20, (k) => ({ question: `Who decides case ${k}?`, choices: ["court", "lune", "xyzzy"], answer: "court" })),
  );
  await Deno.writeTextFile(
    join(folder, "poem questions.jsonl"),
    lines(20, (k) => ({ question: `${some(poems, 5)} ${k}?`, answer: "lune" })),
  );
}

async function withTexts(body: (folder: string, runs: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook own domains " });
  try {
    await writeTexts(folder);
    await body(folder, join(folder, "runs"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const OWN = ["law", "poésie"];
const DOMAINS = ["english", "code", "math", "multilingual", ...OWN];
const METHODS = ["seed", "expert:law", "expert:poésie", "soup", "btm", "bts"];

Deno.test(
  "two own domains with an expert and a task each, from text to tables, report, page, gates and changes",
  LISTENS,
  async (t) => {
    await withTexts(async (folder, runs) => {
      const settings = [
        `data.domains.law=${folder}/laws/**/*.txt`,
        `data.domains.poésie=${folder}/poems.jsonl`,
        `data.tasks.law=${folder}/law questions.jsonl`,
        `data.tasks.poésie=${folder}/poem questions.jsonl`,
        "eval.items=3",
      ];

      await t.step("the command needs no other setting, only here fewer questions", async () => {
        const { code, stdout, stderr } = await bts(...argsOf(runs, settings), "--json");
        assert.equal(code, 0, stderr);
        const { methods, run } = JSON.parse(stdout.trim().split("\n").at(-1)!);
        assert.deepEqual(Object.keys(methods), METHODS);
        await assertPlanned(runs, run);
        assert.doesNotMatch(stderr, /No questions for (law|poésie)/);
      });
      const id = (await runIds(runs))[0]!;
      const view = (await readRun(runs, id))!;

      await t.step(
        "each domain is measured, in text and by its questions, and each expert is better on its own",
        () => {
          assert.deepEqual(view.results!.domains, DOMAINS);
          const bpb = (method: string, domain: string) => headlineOn(view.results!.methods[method], domain)!.value;
          for (const domain of OWN) {
            assert.ok(bpb(`expert:${domain}`, domain) < 0.95 * bpb("seed", domain), domain);
            const place = { name: `${domain}-questions`, group: "" };
            const { samples, value } = measurementOf(view.results!.methods["bts"], place)!;
            assert.equal(samples, 3, "eval.items");
            assert.ok(value >= 0 && value <= 1);
          }
          const tables = view.cells.flatMap(({ tables }) => tables);
          const tasks = tables.find(({ name }) => name === "tasks")!.rows.filter(({ domain }) =>
            OWN.includes(String(domain))
          );
          assert.deepEqual(tasks.map(({ task, scored, questions }) => [task, scored, questions]), [
            ["law-questions", "log-likelihood", 3],
            ["poésie-questions", "exact match", 3],
          ]);
          assert.deepEqual(tasks.map(({ chance }) => Number(chance).toFixed(3)), ["0.333", "0.000"]);
          const gates = tables.find(({ name }) => name === "gates")!;
          assert.deepEqual([...new Set(gates.rows.map(({ domain }) => domain))], DOMAINS);
          assert.deepEqual([...new Set(gates.rows.map(({ model }) => model))].sort(), ["law", "poésie", "seed"]);
        },
      );

      await t.step("the names are as given in the report and on the page", async () => {
        const html = await Deno.readTextFile(join(runs, id, "report.html"));
        const markdown = await Deno.readTextFile(join(runs, id, "report.md"));
        for (const text of [html, markdown]) {
          for (const name of ["law expert", "poésie expert", "law-questions"]) assert.ok(text.includes(name), name);
          assert.doesNotMatch(text, /Law expert|Poésie expert|[Cc]ode expert/);
        }
        const tables = measureTables(view.results!);
        const methods = tables[0]!.rows.map(({ method }) => method);
        assert.deepEqual(methods.slice(1, 3), ["law expert", "poésie expert"]);
        const columns = tables.flatMap(({ columns }) => columns.map(({ title }) => title)).join(" ");
        for (const name of ["law-questions", "poésie-questions"]) assert.ok(columns.includes(name), columns);
      });

      await t.step(
        "a file with a list of built-in domains, and own ones beside it, gives the same settings",
        async () => {
          const file = join(folder, "settings.yaml");
          const data = { domains: ["english", "code", "math", "multilingual"] };
          await Deno.writeTextFile(file, JSON.stringify({ data }));
          await inProcess(() =>
            experimentCommand(btsExperiment, [...argsOf(runs, settings), "--fresh", "--config", file])
          );
          const again = (await readRun(runs, (await runIds(runs))[0]!))!;
          assert.notEqual(again.id, id);
          assert.deepEqual(again.config, view.config);
          assert.ok(again.cells.every(({ status }) => status === "cached"), "and the same cells");
        },
      );

      await t.step("`deno task gates` shows the own domains first", async () => {
        const lines: string[] = [];
        await gatesCommand([id, "--runs", runs], (text) => lines.push(text));
        assert.match(lines.join("\n"), /^law +\d+ /m);
        assert.match(lines.join("\n"), /^poésie +\d+ /m);
        const page = await Deno.readTextFile(join(runs, id, "gates.html"));
        assert.ok(page.includes("law expert") && page.includes("poésie expert"));
      });

      await t.step("`deno task expert` removes one of them", async () => {
        await inProcess(() =>
          expertCommand(["remove", id, "law", "--runs", runs, "--no-serve", "--set", "restitch=2"])
        );
        const changed = (await readRun(runs, (await runIds(runs))[0]!))!;
        assert.deepEqual(Object.keys(changed.results!.methods), ["seed", "before", "untouched", "bts"]);
      });

      await t.step("a sweep over them is checked, with their metrics", async () => {
        const sets = settings.flatMap((setting) => ["--set", setting]);
        const trials = ["1", "3"].map((weight) => ["--preset", "smoke", ...sets, "--set", `mix.stitch.law=${weight}`]);
        const ask = async (trials: readonly (readonly string[])[]) => {
          let reply = "";
          await answerTrialCheck(btsExperiment, JSON.stringify({ values: [], trials }), (text) => reply = text);
          return JSON.parse(reply);
        };
        const { metrics, trials: hashes } = await ask(trials);
        assert.equal(new Set(hashes).size, 2);
        assert.equal(metrics.results["expert:law/bpb/poésie"], "lower");
        assert.equal(metrics.results["bts/poésie-questions"], "higher");
        assert.ok(metrics.curves.includes("seed/validation/law"));
        const { trial, message } = await ask([trials[0]!, [...trials[0]!.slice(0, -1), "mix.stitch.lwa=1"]]);
        assert.deepEqual([trial, /unknown domain "lwa"/.test(message)], [1, true]);
      });
    });
  },
);

Deno.test("mistakes in own domains and tasks: one sentence, exit code 2, and nothing written", async (t) => {
  await withTexts(async (folder, runs) => {
    const law = `data.domains.law=${folder}/laws/**/*.txt`;
    const bad = join(folder, "bad.jsonl");
    await Deno.writeTextFile(bad, '{"question": "a", "answer": "b"}\n{"question": "a"}\n');
    const cases: [title: string, sets: readonly string[], message: RegExp][] = [
      [
        "a name with other characters",
        [`data.domains.my law=${folder}/laws/*.txt`],
        /"my law" is not a name for a domain: use only letters/,
      ],
      ["a name given twice", [law, law], /Cannot set data\.domains\.law twice/],
      ["a name given twice in a list", ["data.domains=[english, english]"], /it names "english" twice/],
      ["the name of a method", [`data.domains.bts=${folder}/laws/*.txt`], /"bts" is the name of a method/],
      [
        "a glob that matches nothing",
        [`data.domains.law=${folder}/lows/*.txt`],
        /data\.domains\.law is the glob .*lows/,
      ],
      ["an unknown domain in a mix", [law, "mix.seed.poems=1"], /mix\.seed names the unknown domain "poems"/],
      ["a mix that sums to zero", [law, 'mix.stitch={"law":0}'], /mix\.stitch sums to zero/],
      ["an expert without a domain", [law, "experts=law,poems"], /experts has "poems", which is not a domain/],
      ["a bad line of a task", [law, `data.tasks.law=${bad}`], /bad\.jsonl line 2: the field "answer" is missing/],
      ["a task without a domain", [law, `data.tasks.poems=${bad}`], /data\.tasks\.poems .*there is no domain "poems"/],
    ];
    for (const dryRun of [[], ["--dry-run"]]) {
      for (const [title, settings, message] of cases) {
        await t.step(`${title}${dryRun.length === 0 ? "" : ", in a plan"}`, async () => {
          const sets = settings.flatMap((setting) => ["--set", setting]);
          await assertRefused(btsExperiment, ["--preset", "smoke", "--runs", runs, ...sets, ...dryRun], message);
          await assert.rejects(Deno.stat(runs), Deno.errors.NotFound);
        });
      }
    }
  });
});
