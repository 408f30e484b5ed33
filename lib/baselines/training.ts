// Putting together what is trained, and what is frozen.
import { hashTensors } from "../huggingface/mod.ts";
import { type OwnedWeights, toHost } from "../model/mod.ts";
import type { TrainTask } from "../train/mod.ts";
import type { Training } from "./method.ts";

/** A training that owns its variables and frozen weights. */
export function trainingOf(
  variables: OwnedWeights<TrainTask["parameters"][string]>,
  frozen: readonly OwnedWeights[],
  task: Training["task"],
): Training {
  return {
    variables,
    task,
    async hashFrozen() {
      const hashes: string[] = [];
      for (const weights of frozen) hashes.push(hashTensors(await toHost(weights)));
      return hashes.join(" ");
    },
    [Symbol.dispose]() {
      for (const weights of [variables, ...frozen]) weights[Symbol.dispose]();
    },
  };
}
