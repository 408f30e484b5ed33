// `deno task domains rank`: a ranking end to end, the configuration that it writes, and what it refuses.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { mainConfigSchema, mainDefinition } from "../../experiments/bts/config.ts";
import { btsExperiment } from "../../experiments/bts.ts";
import { rankExperiment } from "../../experiments/rank.ts";
import { chosenConfig, writeConfig } from "../../experiments/rank/chosen-config.ts";
import { checkDocuments } from "../../experiments/rank/check-documents.ts";
import { shortProbesText } from "../../experiments/rank/probes.ts";
import { branchedRun } from "../../lib/bts/mod.ts";
import { domainsCommand } from "../../lib/cli/domains.ts";
import { experimentArguments } from "../../lib/cli/domains-rank.ts";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { explainError, UserError } from "../../lib/errors.ts";
import { experimentCommand, planOf } from "../../lib/experiment/mod.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { random } from "../../lib/random.ts";
import { buildConfig, readRun, repositoryRoot, runIds } from "../../lib/run/mod.ts";
import { inProcess, LISTENS } from "../experiment/in-process.ts";
import { assertRefused } from "../experiment/refused.ts";
import { failingWrites } from "../faults/full-disk.ts";
import { withFolder } from "../run/fixtures.ts";
import { bigWeights, TINY } from "../tiny.ts";
import { assertPlanned } from "./planned.ts";

async function deno(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ...args],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Short documents of three domains of a few words each; two of them have the same words. */
async function writeTexts(folder: string): Promise<void> {
  const stream = random(5, "rank");
  const laws = ["court ", "statute ", "party ", "clause "];
  const words = { law: laws, courts: laws, poems: ["lune ", "nuit ", "or ", "vent "] };
  for (const [name, own] of Object.entries(words)) {
    const lines = Array.from(
      { length: 160 },
      () => JSON.stringify(Array.from({ length: 40 }, () => stream.pick(own)).join("")),
    );
    await Deno.writeTextFile(join(folder, `${name}.jsonl`), lines.join("\n"));
  }
}

interface Row {
  readonly [column: string]: string | number | null;
}

Deno.test(
  "`domains rank` chooses domains that complement each other, for a configuration that `bts` runs from the same cells",
  LISTENS,
  async () => {
    await withFolder(async (folder) => {
      await writeTexts(folder);
      const config = {
        data: {
          builtin: "none",
          domains: Object.fromEntries(["law", "courts", "poems"].map((name) => [name, join(folder, `${name}.jsonl`)])),
        },
        train: { seed: { steps: 4 }, expert: { steps: 30 } },
      };
      const given = join(folder, "given.json"), out = join(folder, "chosen.yaml"), runs = join(folder, "runs");
      await Deno.writeTextFile(given, JSON.stringify(config));
      const args = ["--preset", "smoke", "--config", given, "--runs", runs, "--no-serve", "--device", "cpu"];
      const budget = 2 * 30 * 8 * 64;
      const rank = [...args, "--steps", "6", "--budget", String(budget), "--out", out];
      const made = await deno("main.ts", "domains", "rank", ...rank, "--json");
      assert.equal(made.code, 0, made.stderr);
      assert.equal(
        made.stderr.match(/Probes of 6 steps predict badly/g)?.length,
        2,
        "when it begins, and in the report",
      );
      assert.match(made.stderr, /deno task bts --config .*chosen\.yaml --preset smoke$/m);
      const { tables, run } = JSON.parse(made.stdout.trimEnd().split("\n").at(-1)!) as {
        run: string;
        tables: Record<string, Row[]>;
      };
      const rankOf = (name: string) => tables["ranking"]!.find(({ domain }) => domain === name)!["rank"];
      assert.equal(rankOf("law"), rankOf("courts"), "two samples of the same text cannot be told apart");
      for (const { gain, low, high } of tables["gains"]!) assert.ok(low! <= gain! && gain! <= high!);
      assert.equal(tables["gains"]!.length, 9);
      const chosen = tables["choice"]!.filter(({ order }) => order !== null).map(({ domain }) => domain);
      assert.equal(chosen.length, 2);
      assert.ok(chosen.includes("poems"), `an expert on law and one on poems complement each other: ${chosen}`);
      await assertPlanned(runs, run);
      await assert.rejects(branchedRun(runs, run), /experiment rank, which does not branch experts from a seed/);

      // The configuration has every setting, so that the preset does not matter.
      const value = parse(await Deno.readTextFile(out));
      const file = { path: out, value, where: () => out };
      const quick = { name: "quick", value: mainDefinition.presets["quick"]!.config };
      const read = buildConfig(mainConfigSchema, { preset: quick, file, sets: [] });
      assert.deepEqual(read.experts, chosen);
      assert.deepEqual(read.model, ((await readRun(runs, run))!.config as { model: unknown }).model);
      const mix = Object.values(read.mix.stitch);
      assert.ok(Math.abs(mix.reduce((a, b) => a + b) - 1) < 0.01);

      // Text and seed are those of the ranking.
      const short = ["--set", "train.expert.steps=2", "--set", "train.stitch.steps=2"];
      const train = [...short, "--config", out, "--runs", runs, "--no-serve", "--device", "cpu"];
      await inProcess(() => experimentCommand(btsExperiment, train));
      const id = (await runIds(runs)).find((id) => id !== run)!;
      const { cells } = (await readRun(runs, id))!;
      const cached = cells.filter(({ status }) => status === "cached").map(({ name }) => name);
      assert.deepEqual(cached, ["data", "seed"]);

      // The same command again computes nothing, and may write its own file again, but nobody else's.
      await inProcess(() => experimentCommand(rankExperiment(), rank));
      await Deno.writeTextFile(out, "mine: true\n");
      await assertRefused(rankExperiment(), [...args, "--out", out], /Cannot write --out .*chosen\.yaml exists/);
      assert.equal(await Deno.readTextFile(out), "mine: true\n");
    });
  },
);

Deno.test("`domains rank` refuses what cannot be ranked, and writes nothing", async () => {
  await withFolder(async (folder) => {
    await writeTexts(folder);
    const runs = join(folder, "runs");
    const refused = (message: RegExp, ...args: string[]) =>
      assertRefused(rankExperiment(), ["--preset", "smoke", "--runs", runs, ...args], message);
    await refused(/only one candidate, code/, "--set", 'experts=["code"]');
    await refused(/budget of 6,143 tokens is too small: one expert takes 6,144 tokens/, "--budget", "6143");
    await refused(/Cannot write --out x\.txt: expected a \.yaml/, "--out", "x.txt");
    await refused(/there is no folder .*nowhere/, "--out", join(folder, "nowhere/x.yaml"));
    await refused(/^--repeats cannot be 1: expected integer from 2 to 32/, "--repeats", "1");
    await refused(/^--budget cannot be -5: expected integer/, "--budget", "-5");
    await refused(/^--steps cannot be 0: expected integer/, "--steps", "0");
    await refused(/^Cannot set --steps to "few": expected integer/, "--steps", "few");
    await refused(/eval\.tokens 511 is too small .* take 512/, "--set", "eval.tokens=511");
    await Deno.writeTextFile(
      join(folder, "few.jsonl"),
      Array.from({ length: 30 }, (_, i) => JSON.stringify(`A short text, number ${i}.`)).join("\n"),
    );
    await refused(
      /Cannot rank few: it has \d held-out documents, and it takes at least 8/,
      ...["--set", `data.domains.few=${join(folder, "few.jsonl")}`],
      ...["--set", `data.domains.law=${join(folder, "law.jsonl")}`],
    );
    assert.equal(await Deno.stat(runs).then(() => true, () => false), false);
  });
});

Deno.test("one long document among short ones is not enough held-out text", () => {
  checkDocuments("a", Array(8).fill(100));
  assert.throws(() => checkDocuments("a", [100_000, ...Array(20).fill(100)]), /21 held-out documents/);
  assert.throws(() => checkDocuments("a", []), /0 held-out documents/);
});

Deno.test("`domains rank --with` takes the configuration of a discovery, and --model the seed of a run", async () => {
  await withFolder(async (folder) => {
    const texts = join(folder, "mixed.jsonl");
    const stream = random(1, "topics");
    const topics = ["whale ship sea sail deck".split(" "), "law court judge treaty senate".split(" ")];
    await Deno.writeTextFile(
      texts,
      Array.from(
        { length: 40 },
        (_, at) => JSON.stringify(`${Array.from({ length: 12 }, () => stream.pick(topics[at % 2]!)).join(" ")} ${at}`),
      ).join("\n"),
    );
    const found = join(folder, "found");
    await domainsCommand(["discover", texts, "--count", "2", "--out", found], () => {});
    const print = () => assert.fail("there is nothing to say");
    const model = join(folder, "tiny");
    const config = { ...TINY, vocabSize: 300 };
    const tokenizer = trainTokenizer([`${topics.flat().join(" ")} `.repeat(20)], { vocabSize: 290 });
    await saveModelFolder(model, { config, tensors: bigWeights(config, 1), tokenizer });
    assert.deepEqual(
      await experimentArguments([`--with=${found}`, "--model", model, "--steps", "3"], print),
      ["--config", join(found, "config.yaml"), "--set", `pretrained.seed=${model}`, "--steps", "3"],
    );
    const refused = async (message: RegExp, ...args: string[]) => {
      await assert.rejects(domainsCommand(["rank", ...args]), (error) => {
        assert.match(explainError(error as Error), message);
        return true;
      });
    };
    await refused(/Cannot use --with and --config together/, "--with", found, "--config", "x.yaml");
    await refused(/Missing the value of --with/, "--with");
    await refused(/is not a clustering/, "--with", folder);
    await refused(/last/, "--model", "last", "--runs", join(folder, "none"));
    await refused(/^Cannot read --model="models\/none": there is no such folder/, "--model", "models/none");
    await refused(/Missing the value of --with/, "--with", "--steps", "20");
    const description = join(found, "clustering.json");
    const text = await Deno.readTextFile(description);
    await Deno.writeTextFile(description, text.replace(/"version": \d+/, '"version": 99'));
    await refused(/version 99/, "--with", found);
  });
});

Deno.test("the configuration for a seed from a checkpoint leaves the tokenizer to it; a hub that is not chosen becomes the seed", () => {
  const { schema, presets } = rankExperiment().definition;
  const preset = { name: "quick", value: presets["quick"]!.config };
  const configOf = (...sets: string[]) =>
    chosenConfig(buildConfig(schema, { preset, sets }), ["code"], { code: 0.5, math: 0.5 });
  assert.equal("tokenizer" in configOf(), true);
  assert.equal("tokenizer" in configOf("pretrained.seed=models/tiny"), false);
  assert.equal(configOf("hub=math").hub, "seed");
  assert.equal(configOf("hub=code").hub, "code");
});

Deno.test("a probe takes a fifth of an expert's steps by default, 16 at least, and no more than an expert", async () => {
  const { definition, body, outline } = rankExperiment();
  const preset = { name: "quick", value: definition.presets["quick"]!.config };
  for (const [steps, probe] of [[100, 20], [40, 16], [16, 16], [7, 7]] as const) {
    const config = buildConfig(definition.schema, { preset, sets: [`train.expert.steps=${steps}`] });
    const plan = await planOf({ body, outline }, config);
    const tokens = (name: string) => plan.find(({ cell }) => cell === name)!.tokens;
    assert.equal(tokens("probe:code/1"), probe * 8 * config.model.contextLength);
    assert.equal(plan.filter(({ cell }) => cell.startsWith("probe:")).length, 6);
    assert.equal(shortProbesText(config, config.probe), undefined);
  }
});

Deno.test("probes that are too short to predict anything are told from others", () => {
  const { schema, presets } = rankExperiment().definition;
  const preset = { name: "quick", value: presets["quick"]!.config };
  const warned = (...sets: string[]) => {
    const config = buildConfig(schema, { preset, sets });
    return shortProbesText(config, config.probe);
  };
  assert.match(warned("probe.steps=8")!, /^Probes of 8 steps predict badly .* --steps 16 or more/);
  assert.match(warned("probe.steps=1", "train.expert.steps=5")!, /^Probes of 1 step predict badly/);
  assert.equal(warned("probe.steps=16"), undefined);
  assert.equal(warned("probe.steps=5", "train.expert.steps=5"), undefined, "a probe as long as an expert is one");
});

Deno.test("a full disk under --out: one sentence, and the file of before is as it was", async () => {
  await withFolder(async (folder) => {
    const out = join(folder, "chosen.yaml");
    await writeConfig(out, { experts: ["code"] });
    const before = await Deno.readTextFile(out);
    using _ = failingWrites(() => true);
    await assert.rejects(writeConfig(out, { experts: ["math"] }), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /^Cannot write --out .*chosen\.yaml: the disk is full$/);
      assert.match(error.hint!, /give the same command again/);
      return true;
    });
    assert.equal(await Deno.readTextFile(out), before);
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["chosen.yaml"]);
  });
});
