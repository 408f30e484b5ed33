// The models that a finished run of Branch-Train-Stitch left: seed, experts and stitches, found by their cells' names.
import { dirname, join } from "node:path";
import { openTokenizer, type Tokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { hashTensors, loadModelFolder } from "../../lib/hub/mod.ts";
import type { HostWeights, ModelConfig } from "../../lib/model/mod.ts";
import { readRun, type RunView } from "../../lib/run/mod.ts";
import { loadStitches, type StitchFile } from "../../lib/stitch/mod.ts";
import { type BtsConfig, btsConfigSchema } from "./config.ts";
import { rolesOf } from "./roles.ts";

/** Everything that a stitched model is put together from. */
export interface StitchedRun {
  readonly view: RunView;
  readonly config: BtsConfig;
  readonly model: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Names of the models in the order of the stitches, the hub's first: `seed`, `code`, … */
  readonly names: readonly string[];
  /** Weights in the same order. */
  readonly weights: readonly HostWeights[];
  readonly file: StitchFile;
}

/**
 * Reads the stitched model of a run.
 *
 * @throws UserError `run.none`, `run.experiment` for a run of another experiment, `run.unfinished` where a cell's files
 * are not there yet, and those of `loadModelFolder()` and `loadStitches()`
 */
export async function openStitchedRun(runsFolder: string, id: string): Promise<StitchedRun> {
  const view = await readRun(runsFolder, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is gone from ${runsFolder}`);
  const read = btsConfigSchema.safeParse(view.config);
  if (!read.success) {
    throw new UserError(
      "run.experiment",
      `The run ${id} is of the experiment ${view.experiment}, which leaves no stitched model`,
      "name a run of deno task bts; deno task ls lists them",
    );
  }
  const config = read.data;
  const folder = (cell: string, file: string) => cellFolder(view, runsFolder, cell, file);
  const experts = new Map(config.experts.map((name) => [name, `expert:${name}`]));
  const { hub, spokes } = rolesOf(config, "seed", experts);
  const parts = [hub, ...spokes];
  const loaded = [];
  for (const [, cell] of parts) loaded.push(await loadModelFolder(folder(cell, "model.safetensors")));
  const weights = loaded.map(({ tensors }) => tensors);
  const [hubHash, ...expertHashes] = weights.map(hashTensors);
  const path = join(folder("stitch", "stitches.safetensors"), "stitches.safetensors");
  const file = await loadStitches(path, { hub: hubHash!, experts: expertHashes });
  return {
    view,
    config,
    model: loaded[0]!.config,
    tokenizer: openTokenizer(loaded[0]!.tokenizer!),
    names: parts.map(([name]) => name),
    weights,
    file,
  };
}

function cellFolder(view: RunView, runsFolder: string, cell: string, file: string): string {
  const artifact = view.cells.find(({ name }) => name === cell)?.artifacts.find(({ name }) => name === file);
  if (artifact === undefined) {
    throw new UserError(
      "run.unfinished",
      `The run ${view.id} has no ${file} of the cell ${cell}: it is ${view.status}`,
      "let it come to its end, or name another run; deno task ls lists them",
    );
  }
  return dirname(join(runsFolder, artifact.path));
}
