// A stitched variant, trained and measured.
import { type Lab, type Measured, modelOf, type Text, type Trained } from "../bts/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { stitchedForwardFlops, stitchTrainFlops } from "../train/mod.ts";

/** A trained and measured variant; its own cells call its method `bts`. */
export interface StitchedVariant {
  readonly name: string;
  /** Undefined if nothing was trained. */
  readonly trained: CellResult<Trained> | undefined;
  readonly measured: CellResult<Measured>;
  readonly flops: VariantFlops;
}

/** FLOPs per token of a stitched model. */
export interface VariantFlops {
  readonly forward: number;
  /** Of a training step: forward and backward. */
  readonly training: number;
}

/** The FLOPs of the stitched model of these settings, computed from shapes. */
export function variantFlops(lab: Lab, text: Text): VariantFlops {
  const { stitch, experts } = lab.config;
  const model = modelOf(lab, text);
  return {
    forward: stitchedForwardFlops(model, stitch, experts.length),
    training: stitchTrainFlops(model, stitch, experts.length),
  };
}
