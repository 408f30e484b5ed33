// The monitor's sample: fixed random coordinates of every parameter, read from the device at once.
import * as tf from "@tensorflow/tfjs";
import { random } from "../../random.ts";
import { type AdamWSlot, gatherPlaces } from "../../tensor/mod.ts";
import { groupOf, PARAMETER_GROUPS, type ParameterGroup } from "./groups.ts";

/** The sample of one parameter. */
export interface SampledParameter {
  /** Index in the list of parameters. */
  readonly index: number;
  /** Indices into its flat values, ascending. */
  readonly places: Int32Array;
}

/** The sample of one group. */
export interface SampledGroup {
  readonly group: ParameterGroup;
  readonly parameters: readonly SampledParameter[];
  /** Total number of sampled coordinates. */
  readonly count: number;
}

/** Values at the sampled coordinates of one group, each `[count]`. */
export interface GroupValues {
  readonly group: ParameterGroup;
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/**
 * Chooses about `perGroup` coordinates of each group, from each parameter in proportion to its size and at least one. A
 * pure function of names and shapes: all runs, and a run before and after a resume, have the same sample.
 */
export function sampleCoordinates(
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
  perGroup: number,
): SampledGroup[] {
  const sizes = parameters.map(({ shape }) => tf.util.sizeFromShape([...shape]));
  return PARAMETER_GROUPS.flatMap((group) => {
    const members = parameters.flatMap(({ name }, index) => groupOf(name) === group ? [{ name, index }] : []);
    const total = members.reduce((sum, { index }) => sum + sizes[index]!, 0);
    const sampled = members.filter(({ index }) => sizes[index]! > 0).map(({ name, index }) => {
      const size = sizes[index]!;
      const count = Math.min(size, Math.max(1, Math.round(perGroup * size / total)));
      return { index, places: distinctPlaces(size, count, name) };
    });
    const count = sampled.reduce((sum, { places }) => sum + places.length, 0);
    return count === 0 ? [] : [{ group, parameters: sampled, count }];
  });
}

/** `count` distinct numbers below `size`, ascending (Floyd's algorithm). */
function distinctPlaces(size: number, count: number, name: string): Int32Array {
  if (count === size) return Int32Array.from({ length: size }, (_, i) => i);
  const source = random(0, "monitor", name);
  const chosen = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const place = source.int(last + 1);
    chosen.add(chosen.has(place) ? last : place);
  }
  return Int32Array.from(chosen).sort();
}

/**
 * Gradients, parameters and moments at the sampled coordinates, in one read from the device.
 *
 * @param gradients in the order of the slots
 */
export async function readSample(
  groups: readonly SampledGroup[],
  slots: readonly AdamWSlot[],
  gradients: readonly tf.Tensor[],
): Promise<GroupValues[]> {
  const kinds = [gradients, ...(["parameter", "m", "v"] as const).map((kind) => slots.map((slot) => slot[kind]))];
  const [gradient, parameter, m, v] = await readPlaces(groups, kinds);
  return groups.map(({ group }, g) => ({
    group,
    gradient: gradient![g]!,
    parameter: parameter![g]!,
    m: m![g]!,
    v: v![g]!,
  }));
}

/** Only the gradients at the sampled coordinates, group by group. */
export async function readGradients(
  groups: readonly SampledGroup[],
  gradients: readonly tf.Tensor[],
): Promise<Float32Array[]> {
  return (await readPlaces(groups, [gradients]))[0]!;
}

/** The values at the sampled coordinates, for each list of tensors and each group. */
async function readPlaces(
  groups: readonly SampledGroup[],
  kinds: readonly (readonly tf.Tensor[])[],
): Promise<Float32Array[][]> {
  const sampled = groups.flatMap(({ parameters }) => parameters);
  const gathered = gatherPlaces(
    kinds.flatMap((tensors) => sampled.map(({ index }) => tensors[index]!)),
    kinds.flatMap(() => sampled.map(({ places }) => places)),
  );
  const values = new Float32Array(await gathered.data());
  gathered.dispose();
  let at = 0;
  return kinds.map(() => groups.map(({ count }) => values.subarray(at, at += count)));
}
