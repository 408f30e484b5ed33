// Engines: where the cells of a run are built when this process does not build them itself.
export { ATTEMPT_OUTPUT, type AttemptEnd, listAttempts, makeAttempt, readEnd, readTask, writeEnd } from "./attempts.ts";
export { driveCells } from "./drive.ts";
export { type Engine, kindOf } from "./engine.ts";
export { localEngine } from "./local.ts";
export { FENCED_CODE, type JobPlace, placeOf, PREEMPTED_CODE } from "./place.ts";
export { checkProgress } from "./progress.ts";
export { cancelJobs, slurmEngine, type SlurmEngineOptions } from "./slurm/engine.ts";
export { type SlurmCommands, slurmCommands } from "./slurm/commands.ts";
export { jobsTable } from "./slurm/jobs-table.ts";
export { type QueuedJob, readQueue } from "./slurm/queue.ts";
export { type Partition, readPartitions } from "./slurm/partitions.ts";
export { siteSettings, slurmHelp, slurmSettings } from "./slurm/settings.ts";
export { type JobsOfRun, planJobs, type PlannedJob, writeScripts } from "./slurm/submit.ts";
export { jobId, readTable } from "./slurm/table.ts";
