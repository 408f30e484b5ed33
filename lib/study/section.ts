// One section of the results page.
import type { BtsConfig } from "../bts/mod.ts";
import type { PlannedCell } from "../experiment/mod.ts";
import type { Study } from "./study.ts";

/** What the results page needs to know about a study. */
export interface Section extends Pick<Study, "name" | "title" | "question" | "directions"> {
  /** Its script, relative to the repository. */
  readonly script: string;
  /** What one seed of it does at a preset, and with which settings. */
  readonly plan: (preset: string) => { readonly config: BtsConfig; readonly cells: readonly PlannedCell[] };
}
