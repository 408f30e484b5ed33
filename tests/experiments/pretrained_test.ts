// Runs with models that were trained elsewhere, from their command lines, at smoke size.
import assert from "node:assert/strict";
import { join } from "node:path";
import { baselinesExperiment } from "../../experiments/baselines.ts";
import { btsExperiment } from "../../experiments/bts.ts";
import { expertCommand } from "../../experiments/expert.ts";
import { openStitchedRun } from "../../lib/bts/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { experimentCommand } from "../../lib/experiment/mod.ts";
import { loadModelFolder, saveModelFolder } from "../../lib/huggingface/mod.ts";
import { provenanceSchema, readRun, repositoryRoot, runIds, type RunView } from "../../lib/run/mod.ts";
import { inProcess, LISTENS } from "../experiment/in-process.ts";
import { assertRefused } from "../experiment/refused.ts";
import { printed } from "../printed.ts";
import { assertPlanned } from "./planned.ts";

const SMALL = [
  ...["experts=code,math", "eval.tokens=256", "eval.items=2", "data.problems=4", "data.translations=0"],
  ...["train.seed.steps=4", "train.expert.steps=3", "train.stitch.steps=3", "train.validationBatches=0"],
].flatMap((set) => ["--set", set]);

/** The checkpoints' chat template. */
const TEMPLATE = "{{ messages }}";

function command(script: string, runs: string, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args, "--no-serve", "--runs", runs],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Arguments of the main job at smoke size. */
const argsOf = (sets: readonly string[]) => ["--preset", "smoke", ...SMALL, ...sets.flatMap((set) => ["--set", set])];

const newestRun = async (runs: string): Promise<RunView> => (await readRun(runs, (await runIds(runs))[0]!))!;

/** Runs the main job as a process, and returns its view. */
async function bts(runs: string, ...sets: string[]): Promise<RunView> {
  const { code, stderr } = await command("experiments/bts.ts", runs, argsOf(sets)).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return await newestRun(runs);
}

/** The same in this process. */
async function btsHere(runs: string, ...sets: string[]): Promise<RunView> {
  await inProcess(() => experimentCommand(btsExperiment, [...argsOf(sets), "--no-serve", "--runs", runs]));
  return await newestRun(runs);
}

/** Measured values without speeds, which differ from run to run. */
function scores(view: RunView, method: string) {
  return view.results!.methods[method]!.filter(({ name }) => name !== "decoding-latency");
}

Deno.test(
  "seed and expert from checkpoints: same scores, no training, the rest of the lab unchanged",
  LISTENS,
  async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "stitchbook-pretrained-" });
    try {
      const runs = join(folder, "runs");
      const original = await bts(runs, "model.contextLength=48");
      const copy = async (cell: string) => {
        const { cellKey } = original.cells.find(({ name }) => name === cell)!;
        const to = join(folder, cell.replace(":", "-"));
        const { config, tensors, tokenizer } = await loadModelFolder(join(runs, ".cells", cellKey));
        await saveModelFolder(to, { config, tensors, tokenizer: tokenizer!, chatTemplate: TEMPLATE });
        return to;
      };
      const [seed, code] = [await copy("seed"), await copy("expert:code")];
      const brought = [`pretrained.seed=${seed}`, `pretrained.code=${code}`];
      const view = await btsHere(runs, ...brought);

      await t.step(
        "one expert is brought along and one is trained here, with the scores of the original run",
        async () => {
          await assertPlanned(runs, view.id);
          const titles = new Map(view.cells.map(({ name, title }) => [name, title]));
          assert.equal(titles.get("seed"), "Take the seed from a checkpoint");
          assert.equal(titles.get("expert:code"), "Take the code expert from a checkpoint");
          assert.equal(titles.get("expert:math"), "Train the math expert");
          const { cellKey } = view.cells.find(({ name }) => name === "expert:math")!;
          const settings = await Deno.readTextFile(join(runs, ".cells", cellKey, "tokenizer_config.json"));
          assert.equal(
            JSON.parse(settings).chat_template,
            "{{ messages }}",
            "the trained expert inherits the chat template",
          );
          for (const { name, metrics } of view.cells) {
            if (["seed", "expert:code"].includes(name)) assert.deepEqual(metrics, [], `${name} trained`);
          }
          for (const method of Object.keys(original.results!.methods)) {
            assert.deepEqual(scores(view, method), scores(original, method), method);
          }
        },
      );

      await t.step("the run says where the models are from, and that their tokens are not known", async () => {
        assert.ok(view.notes.some(({ text }) => text.startsWith(`seed: from ${seed}, not trained here (content `)));
        assert.ok(view.notes.some(({ text }) => text.startsWith(`expert:code: from ${code}, not trained here`)));
        const costs = view.cells.flatMap(({ tables }) => tables).find(({ name }) => name === "cost")!.rows;
        assert.deepEqual(costs.find(({ method }) => method === "seed"), {
          method: "seed",
          tokens: null,
          seconds: null,
        });
        const captured = await Deno.readTextFile(join(runs, view.id, "captured", "1.json"));
        const { sources } = provenanceSchema.parse(JSON.parse(captured));
        assert.deepEqual([sources["pretrained.seed"], sources["model.contextLength"]], ["set", "checkpoint"]);
        const report = await Deno.readTextFile(join(runs, view.id, "report.html"));
        assert.ok(report.includes(`from ${seed}, not trained here`));
      });

      await t.step("an expert is added from a checkpoint, and one that does not fit is refused", async () => {
        const { config, tensors, tokenizer } = await loadModelFolder(code);
        const longer = { ...config, normEps: 1e-6 };
        await saveModelFolder(join(folder, "other"), { config: longer, tensors, tokenizer: tokenizer! });
        const add = (
          from: string,
        ) => ["add", view.id, "english", "--set", "restitch=1", "--set", `pretrained.english=${from}`];
        await assert.rejects(
          expertCommand([...add(join(folder, "other")), "--runs", runs, "--no-serve"]),
          (error) =>
            error instanceof UserError && /its model\.normEps is 0\.000001, and the run's 0\.00001/.test(error.message),
        );
        await inProcess(() => expertCommand([...add(code), "--runs", runs, "--no-serve"]));
        const [id] = await runIds(runs);
        const { names, weights } = await openStitchedRun(runs, id!);
        assert.deepEqual(names, ["seed", "code", "math", "english"]);
        assert.deepEqual(weights[3], weights[1]);
      });

      await t.step("a plan reads the checkpoint's shape and writes nothing", async () => {
        const sets = [...brought, "model.contextLength=32"].flatMap((set) => ["--set", set]);
        const before = await runIds(runs);
        const stdout = await printed(() =>
          experimentCommand(baselinesExperiment, [
            ...["--preset", "smoke", "--dry-run", "--json", "--device", "cpu", "--runs", runs, ...SMALL, ...sets],
          ])
        );
        const { plan } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { plan: { cell: string; tokens: number }[] };
        const tokens = (cell: string) => plan.find((one) => one.cell === cell)!.tokens;
        assert.deepEqual([tokens("seed"), tokens("expert:code"), tokens("expert:math")], [0, 0, 3 * 8 * 32]);
        assert.deepEqual(await runIds(runs), before);
      });

      await t.step("a changed checkpoint is named before anything starts, and one with NaN is refused", async () => {
        const { config, tensors, tokenizer } = await loadModelFolder(seed);
        const name = "model.norm.weight";
        const write = async (value: number) => {
          const norm = { ...tensors[name]!, data: tensors[name]!.data.slice().fill(value, 0, 1) };
          const changed = { config, tensors: { ...tensors, [name]: norm }, tokenizer: tokenizer! };
          await saveModelFolder(seed, { ...changed, chatTemplate: TEMPLATE });
        };
        const longer = SMALL.map((word) => word === "train.stitch.steps=3" ? "train.stitch.steps=4" : word);
        const args = ["--preset", "smoke", ...longer, ...brought.flatMap((set) => ["--set", set]), "--id", view.id];
        await write(NaN);
        await assertRefused(
          btsExperiment,
          [...args, "--runs", runs],
          /pretrained\.seed=.*"model\.norm\.weight" has the value NaN/,
        );
        assert.equal((await readRun(runs, view.id))!.status, "done");

        await write(2);
        await using child = command("experiments/bts.ts", runs, args).spawn();
        const said = await untilSaid(child.stderr, /Start over: .*\./);
        child.kill("SIGKILL");
        await child.stdout.cancel();
        assert.match(
          said,
          /Since this run was last written, pretrained\.seed and train\.steps have changed\. Start over: seed \(finished\)/,
        );
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Reads until the text matches, or ends. */
async function untilSaid(stream: ReadableStream<Uint8Array<ArrayBuffer>>, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (pattern.test(text)) break;
  }
  return text;
}
