// One section of the results page.
import type { BtsConfig } from "../bts/mod.ts";
import type { PlannedCell } from "../run/mod.ts";
import type { Study } from "./definition.ts";

/** What the results page needs to know about a study. */
export interface Section extends Pick<Study, "name" | "title" | "question" | "directions"> {
  /** Its script, relative to the repository. */
  readonly script: string;
  /** The settings of a preset, and the cells of one seed of it. */
  readonly plan: (preset: string) => Promise<{ readonly config: BtsConfig; readonly cells: readonly PlannedCell[] }>;
}
