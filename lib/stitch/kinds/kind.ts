// What a kind of stitch consists of: who receives, its parameters, its forward pass, its gates and its cost.
import type * as tf from "@tensorflow/tfjs";
import type { z } from "zod";
import type { Weights } from "../../model/mod.ts";
import type { Random } from "../../random.ts";
import type { StitchSettings } from "../settings.ts";

/** The residual streams of all models, `[N, d]` each; N = batch · time. */
export interface States {
  readonly hub: tf.Tensor2D;
  readonly experts: readonly tf.Tensor2D[];
}

/** The parameters of one stitch, and the settings that they were made with. */
export interface StitchParameters<Settings = StitchSettings> {
  /** From 0. */
  readonly index: number;
  readonly config: Settings;
  readonly weights: Weights;
  /** Which of the experts that the parameters were made for are present, counted from 1. */
  readonly present: readonly number[];
  /** Added to the gate logits of the hub and the experts that are present, `[N, models]`, where shares are computed. */
  readonly exclusions?: tf.Tensor2D | undefined;
}

/** A parameter that a stitch has once per model: `stitch.<index>.<part>.<model>`, where model 0 is the hub. */
export interface ParameterSpec {
  readonly part: string;
  readonly models: "experts" | "all";
  readonly shape: readonly number[];
  /** Whether the hub's is allocated but never read: it costs nothing, and weight decay must not change it. */
  readonly hubUnread?: boolean;
  /** Writes the initial values over zeros. `source` depends on the random seed and the parameter's name only. */
  fill(data: Float32Array, model: number, source: Random): void;
}

/** FLOPs per token. */
export interface StitchFlops {
  readonly forward: number;
  /** For the gradients of the parameters and of the inputs. */
  readonly backward: number;
}

/** One of the sides of a stitch. */
export type Role = "hub" | "experts";

/**
 * A kind of stitch, one file per kind. Everything else about stitches, such as placement, files, decoding, cost and
 * reports, asks this object.
 *
 * A stitch treats every token by itself. So decoding with a cache calls the same {@linkcode StitchKind.apply} as training
 * does, on the states of the new tokens only.
 */
export interface StitchKind<Settings extends StitchSettings = StitchSettings> {
  /** As in `stitch.kinds`; with `title` and `shares` in `lib/stitch-kinds.ts`. */
  readonly name: string;
  /** For headings: `experts into hub`. */
  readonly title: string;
  /** For `--help`: what it does, as a short phrase. */
  readonly description: string;
  /** Settings of its own, which become settings of `stitch`. Kinds with a setting in common share its schema. */
  readonly settings: z.ZodRawShape;
  /** Who receives a new state that depends on the stitch's parameters. */
  receivers(settings: Settings): readonly Role[];
  /**
   * Its parameters, in the order of their creation.
   *
   * @param width d
   * @throws UserError when the settings do not fit the width
   */
  parameters(settings: Settings, width: number): readonly ParameterSpec[];
  /**
   * The states after the stitch.
   *
   * @param dropoutSeed a new uint32 for every training step; undefined in evaluation mode
   * @param onGates told the {@linkcode StitchKind.gates} on the way; in evaluation mode only
   */
  apply(
    stitch: StitchParameters<Settings>,
    states: States,
    dropoutSeed?: number,
    onGates?: (gates: tf.Tensor3D) => void,
  ): States;
  /**
   * Whether its gates are the shares of all models in the hub's new state, the hub's first, which sum to 1. Otherwise it
   * has a gate in (0, 1) per expert: how much of the hub's state the expert takes in.
   */
  readonly shares: boolean;
  /** The gates in evaluation mode, `[N, models, d]`, from the hub's state. */
  gates(stitch: StitchParameters<Settings>, hub: tf.Tensor2D): tf.Tensor3D;
  /** FLOPs per token of one stitch between a hub and `experts` experts. */
  flops(settings: Settings, size: { readonly experts: number; readonly width: number }): StitchFlops;
}
