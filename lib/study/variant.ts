// A stitched variant, trained and measured.
import type { Measured, Trained } from "../bts/mod.ts";
import type { CellResult } from "../run/mod.ts";

/** A variant that was trained and measured; its method is called `bts` in its own cells. */
export interface StitchedVariant {
  readonly name: string;
  /** Undefined if nothing was trained. */
  readonly trained: CellResult<Trained> | undefined;
  readonly measured: CellResult<Measured>;
}
