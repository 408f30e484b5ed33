// Whether the models of a run that the library opens are those that the run measured.
import assert from "node:assert/strict";
import { btsSettings } from "../../lib/bts/mod.ts";
import { loadCorpus } from "../../lib/data/mod.ts";
import { bitsPerByte, evaluationWindows } from "../../lib/eval/mod.ts";
import { headlineOn, parametersOf } from "../../lib/run/mod.ts";
import type { SavedRun } from "../../lib/library/mod.ts";

/** Scores models of a run, by default all, on the run's own held-out text, as the run did. */
export async function assertMeasured(run: SavedRun, names?: readonly string[]): Promise<void> {
  const config = btsSettings.strip().parse(run.config);
  const corpus = await loadCorpus(config.data, { seed: run.view.seed! });
  for (const name of names ?? await run.models()) {
    using model = await run.model(name);
    assert.deepEqual(model.parameters, parametersOf(run.results!.methods[name]), name);
    for (const domain of corpus.domains) {
      const windows = evaluationWindows(corpus.documents[domain]!.heldout, model.tokenizer, {
        time: model.contextLength,
        maxTokens: config.eval.tokens,
      });
      const { bpb } = await bitsPerByte(model, windows, { batch: config.eval.batch });
      const measured = headlineOn(run.results!.methods[name], domain)!.value;
      assert.ok(Math.abs(bpb.value - measured) < 1e-6, `${name} on ${domain}: ${bpb.value}, measured ${measured}`);
    }
  }
}
