// The settings of the training monitor.
import { z } from "zod";
import type { MonitorConfigSchema } from "../inferred-types.ts";

/** Possible responses to a finding; `off` turns the detector off. */
export const MONITOR_ACTIONS = ["off", "alert", "skip", "rewind", "clip", "epsilon", "stop"] as const;
export type MonitorAction = (typeof MONITOR_ACTIONS)[number];

/** The settings of statistics, detectors and actions. */
export const monitorConfigSchema: MonitorConfigSchema = z.strictObject({
  every: z.int().min(0).max(1_000_000).default(10).describe("steps between statistics of the updates; 0 for none"),
  samples: z.int().min(16).max(1_000_000).default(1024)
    .describe("coordinates of each parameter group sampled for the statistics"),
  spike: z.strictObject({
    action: z.enum(MONITOR_ACTIONS).default("alert").describe(
      "what to do when the loss spikes; docs/monitoring.md describes the actions",
    ),
    deviations: z.number().positive().max(1e6).default(6)
      .describe("a loss is a spike if it is above the median by more than this many robust standard deviations,"),
    share: z.number().min(0).max(1e6).default(0.05).describe("by more than this share of the median,"),
    rise: z.number().min(0).max(1e6).default(0.01).describe("and by more than this many nats"),
    window: z.int().min(16).max(100_000).default(64).describe(
      "number of last losses used for the deviation; the median is that of their last quarter",
    ),
  }).prefault({}).describe("loss spikes"),
  instability: z.strictObject({
    action: z.enum(["off", "alert", "rewind", "clip", "epsilon", "stop"]).default("alert")
      .describe("what to do when the update ratio is bimodal"),
    bimodality: z.number().min(0).max(1).default(0.6)
      .describe("lowest bimodality coefficient (Sarle's) at which a group's update ratio counts as bimodal"),
    updateRms: z.number().min(0).max(10).default(0.25).describe(
      "groups with a lower RMS of the update ratio are ignored",
    ),
  }).prefault({}).describe("a bimodal update ratio, an early sign of divergence"),
  notFinite: z.strictObject({
    action: z.enum(["stop", "skip", "rewind"]).default("stop")
      .describe("what to do when the loss or a gradient is NaN or infinite"),
  }).prefault({}).describe("numbers that are not finite"),
  rewindSteps: z.int().min(1).max(1_000_000).default(50).describe("steps that rewind goes back, at least"),
  clipRms: z.number().positive().max(1e6).default(0.3).describe(
    "RMS that clip limits each parameter's update ratio to",
  ),
  epsilonFactor: z.number().positive().max(1).default(0.01).describe(
    "factor that epsilon multiplies AdamW's epsilon by",
  ),
  limit: z.int().min(1).max(1_000_000).default(5)
    .describe(
      "limit of batches skipped within a few steps, of rewinds, and of times that epsilon is lowered; beyond it, only alerts",
    ),
});

export type MonitorConfig = z.infer<typeof monitorConfigSchema>;

/** Whether an action can change the trained weights. If so, the settings are part of the cell's key. */
export function changesTraining({ spike, instability, notFinite }: MonitorConfig): boolean {
  return [spike, instability, notFinite].some(({ action }) => !["off", "alert", "stop"].includes(action));
}
