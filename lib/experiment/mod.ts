// The experiment room's public face: the engine that runs an experiment from its command line.
export { experimentCommand, experimentMain } from "./driver.ts";
export { type Experiment, type ExperimentContext, planOf, type PrepareContext } from "./experiment.ts";
export { longTime, scaled } from "./plan.ts";
export { basisText } from "./preflight.ts";
export { measureSpeed } from "./speed.ts";
