// The measuring cells: every method on the same held-out text and the same questions.
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { z } from "zod";
import {
  buildTasks,
  type DocumentLosses,
  enoughDocuments,
  evaluate,
  type Evaluation,
  type EvaluationOptions,
  type EvaluationSet,
  type EvaluationWindow,
  evaluationWindows,
  FEWEST_DOCUMENTS,
  rowMemory,
  scoringCost,
} from "../eval/mod.ts";
import { hashTensors } from "../huggingface/mod.ts";
import { btmEnsemble, mixedLosses, soup } from "../merge/mod.ts";
import { decoder, disposeWeights, type LanguageModel, parameterCount, toDevice } from "../model/mod.ts";
import { heapBytes } from "../tensor/mod.ts";
import { type CellContext, type CellResult, methodResultSchema, type RunResults } from "../run/mod.ts";
import {
  disposeFrozen,
  freezeModels,
  loadStitches,
  meanGates,
  stitchedLanguageModel,
  type StitchedModel,
  stitchModels,
} from "../stitch/mod.ts";
import { LOSSES_FILE } from "./comparisons.ts";
import { type Lab, modelOf, type Text, weightsOf } from "./lab.ts";
import { stitchFile, type Trained } from "./phases.ts";
import { rolesOf } from "./roles.ts";
import { type GateRow, gatesTable } from "./tables.ts";

/** What decides how a measuring cell comes out, besides what is special to its methods. */
export const MODEL_CODE = [
  ...["lib/bts/lab.ts", "lib/bts/measure.ts", "lib/bts/tables.ts", "lib/random.ts"],
  ...["lib/tensor", "lib/model", "lib/huggingface", "lib/eval", "lib/data"],
];

export const measuredSchema = z.strictObject({
  methods: z.record(z.string(), methodResultSchema),
  scoring: z.record(z.string(), z.strictObject({ tokensPerSecond: z.number(), bytes: z.number().nullable() })),
});

/**
 * What a measuring cell returns, by method: its scores, and what scoring takes (tokens a second, and the most bytes that
 * its weights and all else that is on the device for it hold at once).
 */
export type Measured = z.infer<typeof measuredSchema>;

/** Seed and experts as they are, their soup and their ensemble. */
export async function measureBaselines(
  lab: Lab,
  text: Text,
  seedCell: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  const parts = [seedCell, ...experts.values()];
  return await lab.run.cell({
    name: "evaluate",
    title: "Measure seed, experts, soup and ensemble",
    description: "Held-out bits per byte on each domain, and one task a domain, for everything that needs no stitch.",
    inputs: {
      kind: "evaluate",
      ...commonInputs(lab, text),
      models: parts.map(({ key }) => key),
      names: [...experts.keys()],
    },
    code: [...MODEL_CODE, "lib/merge"],
    output: measuredSchema,
  }, async (cell) => {
    const set = evaluationSet(lab, text);
    const weights = await Promise.all(parts.map(weightsOf));
    const onDevice = weights.map(toDevice);
    const average = toDevice(soup(weights));
    try {
      const models = onDevice.map((one) => decoder(model, one));
      // The ensemble's losses follow from its members': only to generate does it run them again.
      const memory = rowMemory(models.length);
      const known = (tokens: Int32Array) => {
        const losses = memory.recall(tokens);
        return losses && mixedLosses(losses);
      };
      const one = parameterCount(model);
      const all = one * models.length;
      const single = { trained: one, total: one, active: one };
      const methods: Method[] = [
        ["seed", models[0]!, single, { onRow: memory.record(0) }],
        ...[...experts.keys()].map((name, i): Method => [
          `expert:${name}`,
          models[i + 1]!,
          single,
          { onRow: memory.record(i + 1) },
        ]),
        ["soup", decoder(model, average), { ...single, trained: 0 }],
        ["btm", btmEnsemble(models), { trained: 0, total: all, active: all }, { known }],
      ];
      return await measureAll(lab, cell, set, methods);
    } finally {
      for (const one of [...onDevice, average]) disposeWeights(one);
    }
  });
}

/** The stitched model, and where its gates point. */
export async function measureStitched(
  lab: Lab,
  text: Text,
  seedCell: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  stitchCell: Pick<CellResult<unknown>, "key" | "folder">,
  { name, title }: { readonly name: string; readonly title: string } = {
    name: "evaluate:bts",
    title: "Measure the stitched model",
  },
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  const { hub: [hubName, hubCell], spokes } = rolesOf(lab.config, seedCell, experts);
  const parts = [hubCell, ...spokes.map(([, cell]) => cell)];
  const names = [hubName, ...spokes.map(([name]) => name)];
  return await lab.run.cell({
    name,
    title,
    description: "The same text and questions for the stitched model, and which model its gates listen to.",
    inputs: { kind: "evaluate:bts", ...commonInputs(lab, text), stitches: stitchCell.key, names },
    code: [...MODEL_CODE, "lib/stitch"],
    output: measuredSchema,
  }, async (cell) => {
    const set = evaluationSet(lab, text);
    const weights = await Promise.all(parts.map(weightsOf));
    const [hubHash, ...expertHashes] = weights.map(hashTensors);
    const file = await loadStitches(stitchFile(stitchCell.folder), { hub: hubHash!, experts: expertHashes });
    const frozen = freezeModels(model, file.config, weights);
    const stitches = toDevice(file.stitches);
    try {
      const stitched = stitchModels({ config: model, stitch: file.config, ...frozen, stitches });
      const trained = Object.values(file.stitches).reduce((sum, { data }) => sum + data.length, 0);
      const total = parts.length * parameterCount(model) + trained;
      const parameters = { trained, total, active: total };
      const method: Method = ["bts", stitchedLanguageModel(stitched), parameters, { alone: true }];
      const measured = await measureAll(lab, cell, set, [method]);
      cell.table(gatesTable(await gatesByDomain(stitched, set.windows, names)));
      return measured;
    } finally {
      disposeFrozen(frozen);
      disposeWeights(stitches);
    }
  });
}

/** What all measuring cells depend on besides the models. */
export function commonInputs({ config, seed, corpus, device }: Lab, text: Text) {
  return {
    data: corpus.fingerprint,
    text: text.key,
    model: config.model,
    eval: config.eval,
    seed,
    device: device.numerics,
  };
}

/** The text and the questions that every method is measured on. */
export function evaluationSet({ config, corpus, seed }: Lab, { tokenizer }: Text): EvaluationSet {
  const time = config.model.contextLength;
  const windows = Object.fromEntries(
    corpus.domains.map((domain) => [
      domain,
      evaluationWindows(corpus.documents[domain]!.heldout, tokenizer, { time, maxTokens: config.eval.tokens }),
    ]),
  );
  return { windows, tokenizer, tasks: buildTasks(corpus, tokenizer, { seed, items: config.eval.items, time }) };
}

/** Parameters of a method: trained, in memory, used by one token. */
export type Parameters = Measured["methods"][string]["parameters"];

/** A method to be measured; `how` hands its losses on, or takes them from others'. */
export type Method = readonly [
  name: string,
  model: LanguageModel,
  parameters: Parameters,
  how?: Pick<EvaluationOptions, "onRow" | "known"> & {
    /** Whether all that is on the device are its own weights; else they count as 4 bytes a parameter. */
    readonly alone?: boolean;
  },
];

/** Measures methods one after the other, and keeps every document's losses in the cell's folder. */
export async function measureAll(
  { config }: Lab,
  cell: CellContext,
  set: EvaluationSet,
  methods: readonly Method[],
): Promise<Measured> {
  noteMissing(cell, set);
  const { batch } = config.eval;
  const [probe] = Object.values(set.windows);
  const measured: Measured["methods"] = {};
  const scoring: Measured["scoring"] = {};
  const losses: Record<string, Evaluation["documents"]> = {};
  for (const [i, [name, model, parameters, how = {}]] of methods.entries()) {
    const { alone = false, ...known } = how;
    const { scores, documents } = await evaluate(model, set, {
      ...known,
      batch,
      signal: cell.signal,
      onProgress: ({ done, total }) => cell.metrics(i * total + done, methods.length * total, {}),
    });
    measured[name] = { ...scores, parameters };
    losses[name] = documents;
    const weightBytes = alone ? heapBytes()?.used ?? 0 : 4 * parameters.total;
    const { tokensPerSecond, bytes } = await scoringCost(model, probe!, { batch });
    scoring[name] = { tokensPerSecond, bytes: bytes === null ? null : weightBytes + bytes };
  }
  const plain = Object.fromEntries(
    Object.entries(losses).map(([name, domains]) => [
      name,
      Object.fromEntries(
        Object.entries(domains).map(([domain, { nll, bytes }]) => [domain, { nll: [...nll], bytes: [...bytes] }]),
      ),
    ]),
  );
  await Deno.writeTextFile(join(cell.folder, LOSSES_FILE), JSON.stringify(plain));
  noteFew(cell, Object.values(losses)[0] ?? {});
  const means = Object.entries(measured).map(([name, { bpb }]) => `${name} ${bpb["mean"]!.toFixed(3)}`);
  cell.summary(`mean bits per byte: ${means.join(", ")}`);
  return { methods: measured, scoring };
}

/** The task that each domain has. */
const DOMAIN_TASKS: Readonly<Record<string, string>> = {
  english: "english-continuation",
  code: "code-continuation",
  math: "arithmetic",
  arithmetic: "arithmetic",
  crosslingual: "crosslingual-arithmetic",
  multilingual: "translation",
  messages: "translation",
};

/** Says which of the tasks have no question here, rather than leave their columns out silently. */
function noteMissing(cell: CellContext, { tasks, windows }: EvaluationSet): void {
  const expected = Object.keys(windows).flatMap((domain) => DOMAIN_TASKS[domain] ?? []);
  const missing = expected.filter((name) => !tasks.some((task) => task.name === name));
  if (missing.length === 0) return;
  cell.note(
    `No question for ${missing.join(", ")}: too few held-out documents, or none that fits model.contextLength.`,
    "warning",
  );
}

/** Says why a domain has no interval; the documents are the same for every method. */
function noteFew(cell: CellContext, domains: Readonly<Record<string, DocumentLosses>>): void {
  const few = Object.entries(domains).filter(([, { bytes }]) => !enoughDocuments(bytes));
  if (few.length === 0) return;
  const named = few.map(([domain, { bytes }]) => `${domain} (${bytes.length} documents)`).join(", ");
  cell.note(
    `No 95 % interval of bits per byte for ${named} and for the mean: that takes ${FEWEST_DOCUMENTS} held-out ` +
      "documents of similar length, or more of unequal length.",
    "warning",
  );
}

/** Mean gates of every stitch on the held-out text of each domain, over a few windows. */
async function gatesByDomain(
  stitched: StitchedModel,
  windows: Readonly<Record<string, readonly EvaluationWindow[]>>,
  models: readonly string[],
): Promise<GateRow[]> {
  const rows: GateRow[] = [];
  for (const [domain, all] of Object.entries(windows)) {
    const chosen = all.slice(0, 16);
    const time = Math.max(...chosen.map(({ tokens }) => tokens.length)) - 1;
    const ids = new Int32Array(chosen.length * time);
    const counted = new Float32Array(ids.length);
    chosen.forEach(({ tokens }, row) => {
      ids.set(tokens.subarray(0, -1), row * time);
      counted.fill(1, row * time, row * time + tokens.length - 1);
    });
    const shape: [number, number] = [chosen.length, time];
    const [idTensor, countedTensor] = [tf.tensor2d(ids, shape, "int32"), tf.tensor2d(counted, shape)];
    for (const { stitch, kind, model, gate } of await meanGates(stitched, idTensor, countedTensor)) {
      rows.push({ stitch: `stitch ${stitch + 1}`, kind, domain, model: models[model]!, gate });
    }
    tf.dispose([idTensor, countedTensor]);
  }
  return rows;
}

/** The results of all measuring cells as one. */
export function resultsOf(domains: readonly string[], cells: readonly CellResult<Measured>[]): RunResults {
  return { domains: [...domains], methods: Object.assign({}, ...cells.map(({ value }) => value.methods)) };
}
