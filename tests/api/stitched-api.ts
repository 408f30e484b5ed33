// The API over a tiny stitched model of a run, and over the models that it is made of.
import { createApi, type ModelRegistry, type ServedModel } from "../../lib/api/mod.ts";
import { constraints, createEngine } from "../../lib/infer/mod.ts";
import { stitchedLanguageModel } from "../../lib/stitch/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { stitchConfig, tinyStitched } from "../tiny.ts";
import { CONFIG, TEMPLATE, TOKENIZER } from "./tiny-models.ts";

/** The models that the stitched one weighs. */
export const NAMES = [["seed", "#7b8794"], ["expert:code", "#3a7fd5"], ["expert:math", "#2b9a5b"]]
  .map(([name, color]) => ({ name: name!, color: color! }));

/**
 * Serves `run/bts` of a run to `body`; `run/btx-top2`, which has gates but can do without none of its models; and
 * `run/seed` and the experts, which have no gates.
 *
 * @param run its id
 */
export async function withStitchedApi(
  run: string,
  body: (app: ReturnType<typeof createApi>) => Promise<void>,
): Promise<void> {
  await using _device = await openDevice("cpu", { threads: 2 });
  const config = { ...CONFIG, layers: 2, contextLength: 64 };
  const model = stitchedLanguageModel(tinyStitched({ stitch: stitchConfig({ count: 2 }), config }));
  const ends = [TOKENIZER.endOfText];
  await using engine = createEngine(model, TOKENIZER, ends);
  const seed: ServedModel = {
    engine,
    tokenizer: TOKENIZER,
    contextLength: config.contextLength,
    opening: ends,
    ends,
    chatTemplate: { template: TEMPLATE, tokens: {} },
    constraints: constraints(TOKENIZER, ends),
  };
  const gates = { places: model.gates!, models: NAMES, switchable: model.switchable! };
  const all = new Map<string, ServedModel>([
    ["run/bts", { ...seed, gates, canRest: true }],
    ["run/btx-top2", { ...seed, gates: { ...gates, switchable: [] } }],
    ...NAMES.map(({ name }) => [`run/${name}`, seed] as const),
  ]);
  const models: ModelRegistry = {
    models: [...all].map(([name, { gates }]) => ({
      name,
      created: 0,
      contextLength: config.contextLength,
      ofRun: { run, model: name.slice("run/".length), gates: gates !== undefined, switchable: name === "run/bts" },
    })),
    loaded: () => all,
    open: (name) => Promise.resolve({ model: all.get(name)!, [Symbol.dispose]() {} }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await body(createApi({ models }));
}
