// The mean gates of stitches while they are trained, by stitch, domain and model: metrics of every validation.
import type { Batch, DomainBatch } from "../data/mod.ts";
import { gateMetric } from "../run/mod.ts";
import { meanGates, type StitchedModel } from "../stitch/mod.ts";
import * as tf from "@tensorflow/tfjs";
import type { TrainTask } from "../train/mod.ts";

/** Rows of each domain's first validation batch that are read: one short forward pass per domain. */
const ROWS = 2;

/**
 * The task with gates among the metrics of each step that is validated. Weights and losses stay what they are.
 *
 * @param names of the models as the stitches count them: the hub first
 */
export function withGates(
  task: TrainTask,
  model: StitchedModel,
  validation: readonly DomainBatch[],
  names: readonly string[],
): TrainTask {
  const { validate, onStep } = task;
  if (validate === undefined) return task;
  const byDomain = Map.groupBy(validation, ({ domain }) => domain);
  let gates: Record<string, number> = {};
  return {
    ...task,
    async validate() {
      const found = await validate();
      gates = {};
      for (const [domain, [first]] of byDomain) Object.assign(gates, await gatesOn(model, first!, domain, names));
      return found;
    },
    onStep({ step, values }) {
      onStep?.({ step, values: { ...values, ...gates } });
      gates = {};
    },
  };
}

async function gatesOn(
  model: StitchedModel,
  { inputs, batch, time }: Batch,
  domain: string,
  names: readonly string[],
): Promise<Record<string, number>> {
  const rows = Math.min(ROWS, batch);
  const ids = tf.tensor2d(inputs.slice(0, rows * time), [rows, time], "int32");
  const counted = tf.ones<tf.Rank.R2>([rows, time]);
  try {
    const found = await meanGates(model, ids, counted);
    return Object.fromEntries(
      found.map(({ stitch, model, gate }) => [gateMetric({ stitch: stitch + 1, domain, model: names[model]! }), gate]),
    );
  } finally {
    tf.dispose([ids, counted]);
  }
}
