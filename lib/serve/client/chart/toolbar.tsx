// The controls of a chart.
import type { AxisName } from "../../../run/view/mod.ts";
import { closeOnEscape } from "../common/menu.ts";
import { AXIS_LABELS } from "./axis.ts";
import type { Choice } from "./choices.ts";
import type { ChartSettings } from "./settings.ts";
import { MOST_SMOOTH } from "./texts.ts";

export interface ToolbarProps {
  readonly title: string;
  readonly settings: ChartSettings;
  /** The cells that have the metrics. */
  readonly cells: readonly { readonly name: string; readonly title: string }[];
  readonly choices: readonly Choice[];
  /** The weight that `smooth: null` stands for. */
  readonly autoSmooth: number;
  readonly zoomed: boolean;
  readonly full: boolean;
  /** Where all points can be downloaded. */
  readonly csv: string;
  readonly onChange: (change: Partial<ChartSettings>) => void;
  readonly onReset: () => void;
  readonly onFull: () => void;
  readonly onSave: (format: "svg" | "png") => void;
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((one) => b.includes(one));

/** The controls. */
export function Toolbar(props: ToolbarProps) {
  const { title, settings, cells, choices, autoSmooth, zoomed, full, csv, onChange, onReset, onFull, onSave } = props;
  const { cell, metrics, x, log, smooth } = settings;
  const weight = smooth ?? autoSmooth;
  const chosen = choices.findIndex((choice) => same(choice.metrics, metrics));
  return (
    <div class="chart-tools" role="group" aria-label={`Options of the chart: ${title}`}>
      <label>
        <span>Metric</span>
        <select
          value={String(chosen)}
          onChange={(event) => {
            const choice = choices[Number((event.currentTarget as HTMLSelectElement).value)];
            if (choice !== undefined) onChange({ metrics: choice.metrics });
          }}
        >
          {chosen < 0 && <option value="-1" selected>{metrics.join(", ")}</option>}
          {choices.map(({ label }, i) => <option key={label} value={String(i)} selected={i === chosen}>{label}
          </option>)}
        </select>
      </label>
      {cells.length > 1 && (
        <label>
          <span>of</span>
          <select
            value={cell}
            onChange={(event) => onChange({ cell: (event.currentTarget as HTMLSelectElement).value })}
          >
            <option value="" selected={cell === ""}>all cells</option>
            {cells.map(({ name, title }) => <option key={name} value={name} selected={name === cell}>{title}</option>)}
          </select>
        </label>
      )}
      <label>
        <span>over</span>
        <select
          value={x}
          onChange={(event) => onChange({ x: (event.currentTarget as HTMLSelectElement).value as AxisName })}
        >
          {Object.entries(AXIS_LABELS).map(([name, label]) => (
            <option key={name} value={name} selected={name === x}>{label}</option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={log}
          onChange={(event) => onChange({ log: (event.currentTarget as HTMLInputElement).checked })}
        />
        <span>log</span>
      </label>
      <label title="Weight of the moving average; the raw values stay behind it">
        <span>Smoothing</span>
        <input
          type="range"
          min="0"
          max={String(MOST_SMOOTH)}
          step="0.001"
          value={String(weight)}
          onInput={(event) => onChange({ smooth: Number((event.currentTarget as HTMLInputElement).value) })}
        />
        <output>{weight === 0 ? "off" : weight.toFixed(3).replace(/0+$/, "")}</output>
      </label>
      <span class="push" />
      {zoomed && <button type="button" class="button quiet" onClick={onReset}>Reset zoom</button>}
      <button type="button" class="button quiet" onClick={onFull}>{full ? "Leave full screen" : "Full screen"}</button>
      <details class="chart-save" onKeyDown={closeOnEscape}>
        <summary class="button quiet">Download</summary>
        <div>
          <button type="button" onClick={() => onSave("svg")}>SVG</button>
          <button type="button" onClick={() => onSave("png")}>PNG</button>
          <a href={csv} download="">CSV, all points</a>
        </div>
      </details>
    </div>
  );
}
