// One section of the results page.
import type { BtsConfig } from "../bts/mod.ts";
import type { Figure } from "../report/mod.ts";
import type { PlannedCell, RunView } from "../run/mod.ts";
import type { Study } from "./definition.ts";

/** A study as a section of the results page. */
export interface Section extends Pick<Study, "name" | "title" | "question" | "directions"> {
  /** Its script, relative to the repository. */
  readonly script: string;
  /** The settings of a preset, and its cells for one seed. */
  readonly plan: (preset: string) => Promise<{ readonly config: BtsConfig; readonly cells: readonly PlannedCell[] }>;
  /** Paragraphs of Markdown on what the runs found together, which tables of scores do not show. @default none */
  readonly findings?: (views: readonly RunView[]) => readonly string[];
  /** Figures of the runs together, each a file beside the page. @default none */
  readonly figures?: (views: readonly RunView[]) => readonly Figure[];
}
