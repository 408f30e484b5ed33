// How the user's files are read.
import type { ChatRenderer } from "../types.ts";

/** How to read the user's files. */
export interface LoadOptions {
  /** Field of a record that holds the text, or a path to it such as `meta.text`. */
  readonly textField: string;
  /** What is scored in conversations. @default "assistant" */
  readonly loss?: "assistant" | "all";
  /** Turns conversations into text; without it, they are refused. */
  readonly chat?: ChatRenderer | undefined;
  /** Skips records and files that cannot be read, and counts them. @default false */
  readonly skipBad?: boolean;
}
