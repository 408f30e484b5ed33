// What a chart is made for, and what can be done with it.
import type { ChartRun } from "./curves.ts";
import type { ChartSettings } from "./settings.ts";
import type { Range } from "./source.ts";

/** What a chart is made for. */
export interface ChartOptions {
  readonly title: string;
  readonly runs: readonly ChartRun[];
  /** Names of cells. @default all that log metrics */
  readonly cells?: readonly string[];
  /** @default the losses over steps, linear, smoothed to suit the number of points */
  readonly settings?: Partial<ChartSettings>;
  /** The part of the axis that is shown. @default all */
  readonly zoom?: Range;
  /** Called when people change something, so that a page can keep it in its URL. */
  readonly onSettings?: (settings: ChartSettings) => void;
  /** Whether the controls can be folded away, and are at first. @default false */
  readonly folded?: boolean;
  /** @default 240 */
  readonly height?: number;
}

/** A chart on a page. */
export interface Chart {
  readonly element: HTMLElement;
  /** There may be new points. */
  refresh(): void;
  /** What people have set, for a chart of other runs in its place. */
  kept(): Pick<ChartOptions, "settings" | "zoom">;
  /** Points out the curves of a run, or none. */
  point(run: string | undefined): void;
  close(): void;
}
