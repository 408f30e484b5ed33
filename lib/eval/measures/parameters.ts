// Numbers of parameters.
import type { Measure } from "./measure.ts";

/** Parameters that a method trains, keeps in memory and uses per token. */
export const parameters: Measure = {
  name: "parameters",
  title: "parameters",
  table: "Parameters",
  format: "count",
  digits: 0,
  section: "cost",
  better: null,
  chance: null,
  machineDependent: false,
  groups: ["trained", "total", "active"],
  measure: ({ parameters: { trained, total, active } }) =>
    Object.entries({ trained, total, active }).map(([group, value]) => ({
      group,
      value,
      interval: null,
      samples: null,
    })),
};
