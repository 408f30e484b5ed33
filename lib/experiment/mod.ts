export { experimentMain } from "./driver.ts";
export { PARENT_VARIABLE } from "./parent.ts";
export {
  ASSUMED_EFFICIENCY,
  estimatedSeconds,
  longTime,
  measureFlops,
  type PlannedCell,
  scaled,
  SECONDS_A_CELL,
} from "./plan.ts";
