// Public API: plans of Branch-Train-Stitch on a cluster.
export { gpuNamed, GPUS } from "./gpus.ts";
export { jobsOf } from "./jobs.ts";
export { type Sharding, SHARDINGS } from "./memory.ts";
export { type Cluster, type Schedule, schedule } from "./schedule.ts";
export { planText } from "./text.ts";
