// The monitor's alerts.

/** A finding, and the action taken. */
export interface Alert {
  readonly detector: "spike" | "instability" | "notFinite";
  readonly level: "warning" | "error";
  /** Counted from 1. */
  readonly step: number;
  /** The action taken; `alert` means none. */
  readonly action: "alert" | "skip" | "rewind" | "clip" | "epsilon" | "stop";
  /** One sentence, or two. */
  readonly text: string;
  /** The finite numbers of the finding. */
  readonly values: Readonly<Record<string, number>>;
}
