// The experiment room's public face: the engine that runs an experiment from its command line.
export { experimentMain } from "./driver.ts";
export { type Experiment, planOf } from "./experiment.ts";
export { ASSUMED_EFFICIENCY, estimatedSeconds, longTime, measureFlops, scaled, SECONDS_PER_CELL } from "./plan.ts";
