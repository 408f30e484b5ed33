// The legend of a chart: which curve is which, its value under the cursor, and a switch for each.
import { valueText } from "./axis.ts";
import { type Curve, DASHES } from "./curves.ts";
import { type Drawing, valueNear } from "./lines.ts";

/** A curve in the legend. */
export interface LegendItem {
  readonly key: string;
  readonly label: string;
  /** Number of its color, from 1. */
  readonly color: number;
  readonly dash: number;
  readonly value: string;
  readonly hidden: boolean;
}

export interface LegendProps {
  readonly items: readonly LegendItem[];
  /** The place that the values are from. */
  readonly place: string;
  readonly onToggle: (key: string) => void;
  /** The curve that is pointed at; undefined: none. */
  readonly onPoint: (key: string | undefined) => void;
}

/** The curves with their values at or next to a place. */
export function legendItems(
  curves: readonly Curve[],
  drawing: Drawing,
  hidden: ReadonlySet<string>,
  place: number | undefined,
): LegendItem[] {
  return curves.map(({ key, label, color, dash }) => {
    const line = drawing.lines.find(({ curve, faint }) => curve.key === key && !faint);
    const near = line === undefined || place === undefined ? undefined : valueNear(drawing, line, place);
    const value = near === undefined ? "" : valueText(near.value);
    return { key, label, color: color + 1, dash, value, hidden: hidden.has(key) };
  });
}

/** The legend. */
export function Legend({ items, place, onToggle, onPoint }: LegendProps) {
  return (
    <div class="chart-legend">
      {items.map(({ key, label, color, dash, value, hidden }) => (
        <button
          key={key}
          type="button"
          class="chart-curve"
          aria-pressed={hidden ? "false" : "true"}
          title={hidden ? "Show this curve" : "Hide this curve"}
          onClick={() => onToggle(key)}
          onPointerEnter={() => onPoint(key)}
          onPointerLeave={() => onPoint(undefined)}
        >
          <svg class="chart-swatch" viewBox="0 0 22 4" width="22" height="4" aria-hidden="true">
            <path
              d="M0 2H22"
              class={`series-${color}`}
              stroke-width="2"
              stroke-dasharray={DASHES[dash % DASHES.length]!.join(" ")}
            />
          </svg>
          <span class="chart-label">{label}</span>
          <span class="chart-value">{value}</span>
        </button>
      ))}
      <span class="chart-place">{place}</span>
    </div>
  );
}
