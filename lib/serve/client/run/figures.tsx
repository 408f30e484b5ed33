// The figures of a run, as its report has them.
import { memo, useState } from "hono/jsx";
import type { RunView } from "../../../run/mod.ts";
import type { FiguresResponse, ShownFigure } from "../../schemas.ts";
import { useEffect } from "../common/effect.ts";
import { getJson } from "../common/session.ts";

/** Names of logged tables that are drawn before there are results. */
const DRAWN_TABLES: ReadonlySet<string> = new Set([
  "matrix",
  "gates",
  "comparisons",
  "refinement",
  "outcomes",
  "warnings",
  "update-ratios",
]);

/** The figures of a run; asked for again whenever a cell or the run has ended. */
export function useFigures(address: string, run: RunView): readonly ShownFigure[] {
  const [figures, setFigures] = useState<readonly ShownFigure[]>([]);
  const measured = run.results !== null ||
    run.cells.some(({ tables }) => tables.some(({ name }) => DRAWN_TABLES.has(name)));
  const ended = run.cells.filter(({ seconds }) => seconds !== null).length;
  useEffect(() => {
    if (!measured) return setFigures([]);
    getJson<FiguresResponse>(`${address}/figures`).then(({ figures }) => setFigures(figures), () => {});
  }, [measured, ended, run.status, run.results]);
  return figures;
}

/** Figures side by side where there is room. */
export function FigureGrid({ figures }: { readonly figures: readonly ShownFigure[] }) {
  if (figures.length === 0) return null;
  return <div class="figure-grid">{figures.map((figure) => <FigureView key={figure.name} figure={figure} />)}</div>;
}

/** A figure with its legend and caption. */
const FigureView = memo(({ figure }: { readonly figure: ShownFigure }) => {
  const { name, title, caption, legend, panels } = figure;
  return (
    <figure class={panels.length > 1 ? "run-figure wide" : "run-figure"} id={`figure-${name}`}>
      {legend.length > 0 && (
        <p class="legend">
          {legend.map(({ label, color }) => (
            <span key={label}>
              <svg width={10} height={10} aria-hidden="true">
                <rect width={10} height={10} rx={2} fill={color}></rect>
              </svg>
              {` ${label}`}
            </span>
          ))}
        </p>
      )}
      <div class="panels">
        {panels.map(({ svg, width, height, label }) => (
          <img
            key={label}
            src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
            width={width}
            height={height}
            alt={label}
          />
        ))}
      </div>
      <figcaption>
        <strong>{`${title}.`}</strong>
        {` ${caption}`}
      </figcaption>
    </figure>
  );
}, (before, after) => before.figure === after.figure);
