// The cells of the study of many experts.
import type { Measured, Trained } from "../../../lib/bts/mod.ts";
import type { CellResult } from "../../../lib/run/mod.ts";
import type { GateUse } from "../groups/gate-use.ts";
import type { Packed } from "../groups/packed.ts";
import type { Partition } from "../groups/partition.ts";

/** Everything that was trained and measured with one number of experts. */
export interface Count {
  readonly n: number;
  readonly stitches: CellResult<Trained>;
  readonly stitched: CellResult<Measured>;
  readonly others: {
    readonly trained: ReadonlyMap<string, CellResult<Trained>>;
    readonly measured: readonly CellResult<Measured>[];
  };
  readonly use: CellResult<GateUse>;
  readonly packed: CellResult<Packed>;
}

/** The cells of the study. */
export interface ManyCells {
  readonly partition: CellResult<Partition>;
  /** The seed, all experts, and their soups and ensembles. */
  readonly singles: CellResult<Measured>;
  readonly found: readonly Count[];
}
