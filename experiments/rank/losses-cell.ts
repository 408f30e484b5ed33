// The cell that scores models on the held-out documents of every domain.
import { join } from "node:path";
import { z } from "zod";
import { openTokenizer } from "../../lib/data/mod.ts";
import { documentLosses } from "../../lib/eval/mod.ts";
import { decoder, forwardFlops, parameterCount, toDevice } from "../../lib/model/mod.ts";
import { type CellResult, type DocumentLosses, LOSSES_FILE } from "../../lib/run/mod.ts";
import { passedLayers } from "../../lib/train/mod.ts";
import {
  evaluationSet,
  type Lab,
  modelOf,
  readTokenizer,
  type Text,
  type Trained,
  weightsOf,
} from "../../lib/bts/mod.ts";

const scoredSchema = z.strictObject({
  /** Documents of each domain. */
  documents: z.record(z.string(), z.int()),
});

/** The output of the cell; the losses are in its folder, for `readLosses()`. */
export type Scored = z.infer<typeof scoredSchema>;

/** What is scored. */
export interface ToScore {
  readonly name: string;
  readonly title: string;
  /** By method. */
  readonly models: ReadonlyMap<string, CellResult<Trained>>;
}

/** Scores models one after another. */
export function lossesCell(lab: Lab, text: Text, { name, title, models }: ToScore): Promise<CellResult<Scored>> {
  const { config, corpus, rngSeed } = lab;
  const { tokens, batch } = config.eval;
  const model = modelOf(lab, text);
  return lab.run.cell({
    name,
    title,
    description: "The loss of every held-out document.",
    inputs: {
      kind: "losses",
      models: [...models].map(([name, { key }]) => [name, key]),
      data: corpus.fingerprint,
      text: text.content,
      model: config.model,
      eval: { tokens, batch },
      rngSeed,
    },
    code: import.meta,
    device: lab.device,
    output: scoredSchema,
    cost: () => {
      const domains = Object.keys(config.data.domains).length;
      const passes = domains * Math.ceil(tokens / config.model.contextLength / batch);
      return {
        flops: models.size * domains * tokens * forwardFlops(model),
        layers: models.size * passes * passedLayers(config.model),
        bytes: 4 * parameterCount(model),
      };
    },
  }, async (cell) => {
    const tokenizer = openTokenizer(await readTokenizer(text), { rows: text.value.vocabSize });
    const { windows } = evaluationSet(
      { ...lab, config: { ...config, eval: { ...config.eval, tasks: [] } } },
      tokenizer,
    );
    const rows = Object.values(windows).reduce((sum, own) => sum + own.length, 0);
    const losses: Record<string, Record<string, DocumentLosses>> = {};
    let before = 0;
    for (const [method, trained] of models) {
      using weights = toDevice(await weightsOf(trained));
      const found: Record<string, DocumentLosses> = {};
      for (const [domain, own] of Object.entries(windows)) {
        found[domain] = await documentLosses(decoder(model, weights), own, {
          batch,
          signal: cell.signal,
          onProgress: (done) => cell.metrics(before + done, models.size * rows, {}),
        });
        before += own.length;
      }
      losses[method] = found;
    }
    const plain = mapValues(
      losses,
      (domains) => mapValues(domains, ({ nll, bytes }) => ({ nll: [...nll], bytes: [...bytes] })),
    );
    await Deno.writeTextFile(join(cell.folder, LOSSES_FILE), JSON.stringify(plain));
    const [first] = Object.values(losses);
    return { documents: mapValues(first!, ({ nll }) => nll.length) };
  });
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
