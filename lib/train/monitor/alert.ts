// What the monitor tells people: a finding, and what is done about it.

/** A finding and what is done about it. */
export interface Alert {
  readonly detector: "spike" | "instability" | "notFinite";
  readonly level: "warning" | "error";
  /** From 1. */
  readonly step: number;
  /** What is done: `alert` is only telling. */
  readonly action: "alert" | "skip" | "rewind" | "clip" | "epsilon" | "stop";
  /** One sentence, or two. */
  readonly text: string;
  /** The numbers behind it; those that are not finite are left out. */
  readonly values: Readonly<Record<string, number>>;
}
