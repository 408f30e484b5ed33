// Whether a run has models that can be asked. Pure: the browser loads this file.
import type { RunView } from "../events/views.ts";

/** Whether a run branches experts from a seed: then they, and what is made of them, are its models. */
export function branchesExperts({ experiment, cells }: Pick<RunView, "experiment" | "cells">): boolean {
  // A change of the experts reuses the models of another run. A ranking of domains trains probes in place of experts.
  return experiment === "expert" ||
    (cells.some(({ name }) => name === "seed") && cells.some(({ name }) => name.startsWith("expert:")));
}

/** Whether the stitches of a run are trained, one of its several ones at least: a server of models begins with them. */
export function hasStitches({ cells }: Pick<RunView, "cells">): boolean {
  return cells.some(({ name, status }) =>
    (name === "stitch" || name.startsWith("stitch:")) && (status === "done" || status === "cached")
  );
}
