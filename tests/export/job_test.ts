// Experts that are trained elsewhere: the job's script makes the losses of our own training, and its expert is taken in.
import assert from "node:assert/strict";
import { btsDefinition } from "../../lib/bts/config.ts";
import { checkBts } from "../../lib/bts/check.ts";
import { labExperiment } from "../../lib/bts/experiment.ts";
import type { Trained } from "../../lib/bts/training.ts";
import { trainExpert, trainSeed } from "../../lib/bts/decoders.ts";
import { tokenize } from "../../lib/bts/tokenize.ts";
import { explainError, UserError } from "../../lib/errors.ts";
import { exportCommand } from "../../lib/cli/export.ts";
import { loadModelFolder } from "../../lib/huggingface/model-folder.ts";
import { beginRun } from "../../lib/run/cells/run.ts";
import type { CellResult, Run } from "../../lib/run/cells/cell.ts";
import { parseExperimentArguments } from "../../lib/run/command-line/experiment-arguments.ts";
import { readRun } from "../../lib/run/log/read.ts";
import { openDevice } from "../../lib/tensor/device.ts";
import { optionalTest, python } from "../optional.ts";
import { emptyResults } from "../run/fixtures.ts";
import { BEYOND_PLAIN } from "../tiny.ts";

const STEPS = 20;
const RNG_SEED = 7;

/** Text, seed and experts alone, without stitches and measures. */
const experiment = labExperiment({
  definition: btsDefinition,
  check: checkBts,
  body: () => Promise.reject(new Error("the test builds the cells")),
});

interface Built {
  readonly run: Run;
  readonly config: { readonly experts: readonly string[] };
  readonly seed?: CellResult<Trained>;
  readonly experts: Readonly<Record<string, CellResult<Trained>>>;
}

/** A run on texts in a folder, as far as its text, its seed, or its experts. */
async function runIn(
  folder: string,
  settings: readonly string[],
  until: "text" | "seed" | "experts" = "experts",
): Promise<Built> {
  const all = [
    "data.builtin=none",
    `data.domains.poem=${folder}/poem.jsonl`,
    `data.domains.chat=${folder}/chat.jsonl`,
    "data.template=chatml",
    'experts=["poem","chat"]',
    "tokenizer.vocabSize=280",
    "model.contextLength=24",
    "train.seed.steps=3",
    "train.expert.validateEvery=10",
    ...(settings.some((one) => one.startsWith("train.expert.steps=")) ? [] : [`train.expert.steps=${STEPS}`]),
    ...settings,
  ];
  const args = ["--preset", "smoke", ...all.flatMap((one) => ["--set", one])];
  const parsed = parseExperimentArguments(args, btsDefinition);
  assert.ok(parsed.kind === "run");
  const config = { ...parsed.config, ...await experiment.complete!(parsed) };
  const runsFolder = `${folder}/runs`;
  const device = await openDevice("cpu", { threads: 1 });
  try {
    const run = await beginRun({
      ...{ runsFolder, experiment: "bts", title: "Job", preset: "smoke", seed: RNG_SEED, device: "cpu", plan: [] },
      ...{ config, command: ["deno", "task", "bts", ...args] },
    });
    const { brought, chat, ...corpus } = await experiment.prepare(config, RNG_SEED, { runsFolder, report: () => {} });
    const more = { ...(brought === undefined ? {} : { brought }), ...(chat === undefined ? {} : { chat }) };
    const lab = { run, config, rngSeed: RNG_SEED, device, corpus, ...more };
    const text = await tokenize(lab);
    if (until === "text") return { run, config, experts: {} };
    const seed = await trainSeed(lab, text);
    const experts: Record<string, CellResult<Trained>> = {};
    if (until === "experts") {
      for (const domain of config.experts) experts[domain] = await trainExpert(lab, text, seed, domain);
      run.finish(emptyResults);
    }
    await experiment.release?.({ ...corpus, ...more });
    return { run, config, seed, experts };
  } finally {
    await device.close();
  }
}

async function withTexts(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-job-" });
  const letters = (i: number) => i.toString(2).replaceAll("0", "la ").replaceAll("1", "di ");
  const poems = Array.from({ length: 60 }, (_, i) => `poem ${i}: ${letters(37 * i + 5)}and ${letters(i)}end`);
  const chats = Array.from({ length: 60 }, (_, i) => ({
    messages: [{ role: "user", content: `say ${letters(i)}` }, {
      role: "assistant",
      content: `so: ${letters(91 * i)}`,
    }],
  }));
  try {
    await Deno.writeTextFile(`${folder}/poem.jsonl`, poems.map((text) => JSON.stringify({ text })).join("\n"));
    await Deno.writeTextFile(`${folder}/chat.jsonl`, chats.map((chat) => JSON.stringify(chat)).join("\n"));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function exported(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await exportCommand(["job", ...args], (text) => lines.push(text));
  return lines.join("\n");
}

interface Line {
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradientNorm: number;
  readonly validation?: number;
}

/** Settings of experts, by the domain that is trained elsewhere. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  // Several documents in a row, a mix of domains, micro-batches, clipping, tied embeddings.
  poem: ["mix.expertShare=0.75", "train.expert.accumulate=2", "train.expert.clipNorm=0.5", "train.expert.warmup=5"],
  // Targets that are not trained on, and what other families of models have.
  chat: [
    "model.tiedEmbeddings=false",
    "model.width=24",
    "train.expert.lr=0.01",
    "train.expert.activations=recompute",
    ...Object.entries(BEYOND_PLAIN["head norms, wider heads and a window"]).map(([key, value]) =>
      `model.${key}=${value}`
    ),
  ],
};

optionalTest(
  "python-torch",
  "an expert that the job's script trained has our losses, and is taken in",
  () =>
    withTexts(async (folder) => {
      const runs = new Map<string, Built>();
      for (const [domain, settings] of Object.entries(CASES)) {
        const built = await runIn(folder, settings);
        runs.set(domain, built);
        const args = [built.run.id, `expert:${domain}`, "--runs", `${folder}/runs`, "--out", `${folder}/${domain}`];
        const said = JSON.parse(await exported(...args, "--json"));
        assert.deepEqual([said.steps, said.tokens], [STEPS, STEPS * 8 * 24]);
        assert.deepEqual(
          said.files.map(({ name }: { name: string }) => name).filter((name: string) => !name.startsWith("seed/"))
            .sort(),
          [
            ...["README.md", "requirements.txt", "settings.json", "train.flags.u8", "train.py", "train.tokens.u16"],
            ...["validation.flags.u8", "validation.tokens.u16"],
          ],
        );
      }
      python(["tests/export/job.py", ...Object.keys(CASES).map((domain) => `${folder}/${domain}`)]);
      for (const [domain, { run, seed, experts }] of runs) {
        const view = (await readRun(`${folder}/runs`, run.id))!;
        const ours = view.cells.find(({ name }) => name === `expert:${domain}`)!.metrics;
        const lines = (await Deno.readTextFile(`${folder}/${domain}/log.jsonl`)).trimEnd().split("\n");
        const theirs = lines.map((line) => JSON.parse(line) as Line);
        assert.deepEqual(theirs.map(({ step }) => step), ours.map(({ step }) => step));
        assert.equal(theirs.length, STEPS);
        for (const [i, { values }] of ours.entries()) {
          for (const name of ["loss", "lr", "gradientNorm", "validation"] as const) {
            const [our, their] = [values[name], theirs[i]![name]];
            assert.equal(typeof their, typeof our, `${domain}, step ${i + 1}: ${name}`);
            if (our === undefined) continue;
            assert.ok(
              Math.abs(their! - our!) <= 1e-5 * our!,
              `${domain}, step ${i + 1}: ${name} ${their}, ours ${our}`,
            );
          }
        }
        assert.ok(theirs.at(-1)!.loss < 0.95 * theirs[0]!.loss, "it learns");
        assert.equal(theirs.filter(({ validation }) => validation !== undefined).length, 2);

        const own = await loadModelFolder(experts[domain]!.folder);
        const made = await loadModelFolder(`${folder}/${domain}/expert`);
        assert.deepEqual(made.config, own.config);
        const start = (await loadModelFolder(seed!.folder)).tensors;
        for (const [name, { data }] of Object.entries(own.tensors)) {
          const far = (other: Float32Array) => Math.hypot(...data.map((value, i) => value - other[i]!));
          const [apart, moved] = [far(made.tensors[name]!.data), far(start[name]!.data)];
          assert.ok(apart <= 0.01 * moved, `${domain}: ${name} is ${apart} from ours, which moved ${moved}`);
        }

        // Nothing but the expert is built again.
        const again = await runIn(folder, [...CASES[domain]!, `pretrained.${domain}=${folder}/${domain}/expert`]);
        assert.equal(again.seed!.cached, true);
        for (const [name, { cached }] of Object.entries(again.experts)) assert.equal(cached, name !== domain, name);
        const taken = await loadModelFolder(again.experts[domain]!.folder);
        assert.deepEqual(taken.tensors, made.tensors);
        await assert.rejects(
          exported(again.run.id, `expert:${domain}`, "--runs", `${folder}/runs`, "--out", `${folder}/never`),
          /it is from .*\/expert, not trained in the run/,
        );
      }
    }),
);

Deno.test("`exportJobCommand()` takes a run whose seed is trained, and refuses what is no expert to train", () =>
  withTexts(async (folder) => {
    const runs = ["--runs", `${folder}/runs`];
    const refuses = (args: readonly string[], message: RegExp) =>
      assert.rejects(
        exported(...args, ...runs),
        (error) => error instanceof UserError && message.test(explainError(error)),
        args.join(" "),
      );
    const { run: { id } } = await runIn(folder, ["train.expert.steps=2"], "text");
    const out = ["--out", `${folder}/job`];
    await refuses([id, "expert:poem", ...out], /has no cell seed[\s\S]*deno task resume/);
    const seeded = await runIn(folder, ["train.expert.steps=2", "monitor.spike.action=skip"], "seed");
    const run = seeded.run.id;
    await refuses([run, "seed", ...out], /does not train an expert, and the run trains expert:poem, expert:chat/);
    await refuses([run, "poem", ...out], /has no cell poem[\s\S]*expert:poem/);
    await refuses([run, "expert:peom", ...out], /did you mean expert:poem\?/);
    await refuses([run], /<cell>|cell/);
    await refuses(["none", "expert:poem"], /There is no run "none"/);
    await Deno.mkdir(`${folder}/full`);
    await Deno.writeTextFile(`${folder}/full/mine`, "");
    await refuses([run, "expert:poem", "--out", `${folder}/full`], /"[^"]*full": it is not empty/);
    await refuses([run, "expert:poem", "--out", `${folder}/poem.jsonl`], /it is a file/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      ...["chat.jsonl", "full", "poem.jsonl", "runs"],
    ]);

    const said = await exported(run, "expert:poem", ...out, ...runs);
    assert.match(said, /2 steps, 384 tokens[\s\S]*train\.py[\s\S]*The run's monitor may change expert:poem/);
    const readme = await Deno.readTextFile(`${folder}/job/README.md`);
    assert.match(readme, /--set 'pretrained\.poem=[^']*\/job\/expert'|--set pretrained\.poem=\S*\/job\/expert/);
    assert.match(readme, /deno task bts --preset smoke .*model\.contextLength=24/);
    assert.doesNotMatch(readme, /tokenizer\.vocabSize/);
    await refuses([run, "expert:poem", ...out], /it is not empty/);
  }));
