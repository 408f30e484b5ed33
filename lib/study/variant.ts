// A stitched variant, trained and measured.
import type { Measured, Trained } from "../bts/mod.ts";
import type { CellResult } from "../run/mod.ts";

/** A trained and measured variant; its own cells call its method `bts`. */
export interface StitchedVariant {
  readonly name: string;
  /** Undefined if nothing was trained. */
  readonly trained: CellResult<Trained> | undefined;
  readonly measured: CellResult<Measured>;
}
