// The cell that measures a stitched model and its mean gates.
import * as tf from "@tensorflow/tfjs";
import type { EvaluationWindow, ParameterCounts } from "../eval/mod.ts";
import { hashTensors } from "../huggingface/mod.ts";
import { parameterCount } from "../model/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { loadStitches, meanGates, stitchedLanguageModel, type StitchedModel } from "../stitch/mod.ts";
import { stitchedForwardFlops } from "../train/mod.ts";
import { type GateRow, gatesTable } from "./gates-table.ts";
import { type Lab, modelOf, weightsOf } from "./lab.ts";
import { measureCell, type MeasureSpec } from "./measure.ts";
import type { Measured } from "./measured.ts";
import { rolesOf } from "./roles.ts";
import { stitchFile } from "./stitch-file.ts";
import { stitchedOnDevice } from "./stitched-on-device.ts";
import type { Text } from "./text.ts";
import type { Trained } from "./training.ts";

/** Maximum number of windows per domain whose gates are averaged. */
const GATE_WINDOWS = 16;

const STITCHED: Pick<MeasureSpec, "name" | "title"> = { name: "evaluate:bts", title: "Measure the stitched model" };

/** Measures the stitched model, and the mean gates of its stitches by domain. */
export function measureStitched(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  stitches: Pick<CellResult<unknown>, "key" | "folder">,
  names = STITCHED,
): Promise<CellResult<Measured>> {
  return measureCell(lab, text, stitchedSpec(lab, text, seed, experts, stitches, names));
}

/** What {@linkcode measureStitched} measures. */
export function stitchedSpec(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  stitches: Pick<CellResult<unknown>, "key" | "folder">,
  { name, title } = STITCHED,
): MeasureSpec {
  const model = modelOf(lab, text);
  const { hub, spokes } = rolesOf(lab.config, seed, experts);
  const parts = [hub, ...spokes];
  const names = parts.map(([name]) => name);
  return {
    name,
    title,
    description: "The stitched model on the same text and questions, and the mean gate of each model.",
    inputs: { kind: "evaluate:bts", stitches: stitches.key, names },
    forward: () => [{
      flops: stitchedForwardFlops(model, lab.config.stitch, spokes.length),
      models: parts.length,
    }],
    held: () => parts.length * parameterCount(model),
    code: import.meta,
    async open({ cell, set, scope }) {
      const { stitched, parameters } = await stitchedFrom(lab, text, { seed, experts, stitches }, scope);
      return [{
        name: "bts",
        open: () => stitchedLanguageModel(stitched),
        parameters,
        alone: true,
        onMeasured: async () => cell.table(gatesTable(await gatesByDomain(stitched, set.windows, names))),
      }];
    },
  };
}

/** The cells that a stitched model is made of. */
export interface StitchedCells {
  readonly seed: CellResult<Trained>;
  readonly experts: ReadonlyMap<string, CellResult<Trained>>;
  readonly stitches: Pick<CellResult<unknown>, "folder">;
}

/**
 * Puts a stitched model on the device.
 *
 * @param scope frees its tensors
 * @returns the model, the names of its models in the order of the stitches, and its parameters
 * @throws UserError if the stitches were trained on other models
 */
export async function stitchedFrom(
  lab: Lab,
  text: Text,
  { seed, experts, stitches }: StitchedCells,
  scope: DisposableStack,
): Promise<{
  readonly stitched: StitchedModel;
  readonly names: readonly string[];
  readonly parameters: ParameterCounts;
}> {
  const model = modelOf(lab, text);
  const { hub, spokes } = rolesOf(lab.config, seed, experts);
  const parts = [hub, ...spokes];
  const weights = await Promise.all(parts.map(([, cell]) => weightsOf(cell)));
  const [hubHash, ...expertHashes] = weights.map(hashTensors);
  const file = await loadStitches(stitchFile(stitches.folder), { hub: hubHash!, experts: expertHashes });
  return { ...stitchedOnDevice({ model, weights, file }, scope), names: parts.map(([name]) => name) };
}

/** Mean gates of every stitch on the held-out text of each domain. */
async function gatesByDomain(
  stitched: StitchedModel,
  windows: Readonly<Record<string, readonly EvaluationWindow[]>>,
  models: readonly string[],
): Promise<GateRow[]> {
  const rows: GateRow[] = [];
  for (const [domain, all] of Object.entries(windows)) {
    const chosen = all.slice(0, GATE_WINDOWS);
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
