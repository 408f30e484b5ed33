// How training is watched, and what is done when it goes wrong.
import { z } from "zod";

/** What may be done about a detector's finding, besides telling of it. */
export const MONITOR_ACTIONS = ["off", "alert", "skip", "rewind", "clip", "epsilon", "stop"] as const;
export type MonitorAction = (typeof MONITOR_ACTIONS)[number];

/** Statistics of the update, detectors, and their actions. */
export const monitorConfigSchema = z.strictObject({
  every: z.int().min(0).max(1_000_000).default(10).describe("steps between statistics of the update; 0 for none"),
  samples: z.int().min(16).max(1_000_000).default(1024)
    .describe("coordinates of each parameter group that the statistics look at"),
  spike: z.strictObject({
    action: z.enum(MONITOR_ACTIONS).default("alert").describe(
      "what is done when the loss spikes; docs/monitoring.md says what each action does",
    ),
    deviations: z.number().positive().max(1e6).default(6)
      .describe("how far above the median a loss is a spike, in robust standard deviations"),
    share: z.number().min(0).max(1e6).default(0.05).describe("and by which share of the median at least"),
    rise: z.number().min(0).max(1e6).default(0.01).describe("and by how many nats at least"),
    window: z.int().min(16).max(100_000).default(64).describe(
      "losses that the deviation is taken of; the median is that of the last quarter",
    ),
  }).prefault({}).describe("loss spikes"),
  instability: z.strictObject({
    action: z.enum(["off", "alert", "rewind", "clip", "epsilon", "stop"]).default("alert")
      .describe("what is done when the update ratio is bimodal"),
    bimodality: z.number().min(0).max(1).default(0.6)
      .describe("Sarle's coefficient of a group's update ratio from which on it counts as bimodal"),
    updateRms: z.number().min(0).max(10).default(0.25).describe("smallest RMS of the update ratio that counts"),
  }).prefault({}).describe("a bimodal update ratio, which comes before divergence"),
  notFinite: z.strictObject({
    action: z.enum(["stop", "skip", "rewind"]).default("stop")
      .describe("what is done when the loss or a gradient is NaN or infinite"),
  }).prefault({}).describe("numbers that are not finite"),
  rewindSteps: z.int().min(1).max(1_000_000).default(50).describe("steps that rewind goes back, at least"),
  clipRms: z.number().positive().max(1e6).default(0.3).describe("RMS that clip limits each parameter's update to"),
  epsilonFactor: z.number().positive().max(1).default(0.01).describe("what epsilon multiplies AdamW's epsilon with"),
  limit: z.int().min(1).max(1_000_000).default(5)
    .describe(
      "batches skipped within a few steps, rewinds in all, and lowerings in all; then a finding is only told of",
    ),
});

export type MonitorConfig = z.infer<typeof monitorConfigSchema>;

/** Whether an action may change what training ends with: then the settings belong to what identifies its result. */
export function changesTraining({ spike, instability, notFinite }: MonitorConfig): boolean {
  return [spike, instability, notFinite].some(({ action }) => !["off", "alert", "stop"].includes(action));
}
