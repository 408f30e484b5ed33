// The training monitor: statistics of the updates, detectors, and actions.
export type { Alert } from "./alert.ts";
export {
  changesTraining,
  MONITOR_ACTIONS,
  type MonitorAction,
  type MonitorConfig,
  monitorConfigSchema,
} from "./config.ts";
export { bimodalGroups, isWatched, settlingSteps } from "./findings.ts";
export { PARAMETER_GROUPS, type ParameterGroup } from "./groups.ts";
export { createMonitor, type MonitorOptions } from "./monitor.ts";
export { median, spikeLimit } from "./spike.ts";
export { type GroupStatistics, HISTOGRAM_BINS, HISTOGRAM_RANGE } from "./statistics.ts";
