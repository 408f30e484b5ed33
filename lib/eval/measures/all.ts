// The registry of measures. A new measure is one file beside this one and one entry here.
import { UserError } from "../../errors.ts";
import { HEADLINE } from "../../run/mod.ts";
import type { Task } from "../task.ts";
import { bitsPerByte } from "./bits-per-byte.ts";
import { calibrationError } from "./calibration-error.ts";
import { decodingLatency } from "./decoding-latency.ts";
import type { Measure } from "./measure.ts";
import { parameters } from "./parameters.ts";
import { taskMeasure } from "./task.ts";

/** All measures except the tasks, which depend on the text. */
export const MEASURES: readonly Measure[] = [bitsPerByte, calibrationError, decodingLatency, parameters];

/**
 * The measures with those of the tasks, in the order of the tables: the headline's, the tasks, the others.
 *
 * @throws UserError `eval.measure` when two have the same name
 */
export function measuresWith(tasks: readonly Task[], measures: readonly Measure[] = MEASURES): Measure[] {
  const isFirst = ({ name }: Measure) => name === HEADLINE.name;
  const all = [
    ...measures.filter(isFirst),
    ...tasks.map(taskMeasure),
    ...measures.filter((measure) => !isFirst(measure)),
  ];
  const names = all.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return all;
  throw new UserError(
    "eval.measure",
    `Two measures have the name "${twice}": expected a different name for each task and measure`,
    "rename the task",
  );
}
