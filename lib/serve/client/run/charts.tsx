// The curves of a run: of each cell, and of all training cells in one chart.
import { useRef } from "hono/jsx";
import type { CellView, RunView } from "../../../run/mod.ts";
import { createChart } from "../chart/chart.tsx";
import type { Chart, ChartOptions } from "../chart/options.ts";
import { useEffect } from "../common/effect.ts";

/** A chart, which appears with the first point. @param points how many there are; the chart asks for new ones */
function ChartPlace({ options, points }: { readonly options: ChartOptions; readonly points: number }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  useEffect(() => {
    const made = chart.current = createChart(options);
    place.current?.replaceChildren(made.element);
    return () => made.close();
  }, []);
  useEffect(() => {
    if (points > 0) chart.current?.refresh();
  }, [points]);
  return <div ref={place}></div>;
}

/** The curves of one cell. */
export function CellChart({ cell, run }: { readonly cell: CellView; readonly run: RunView }) {
  const runs = [{ id: run.id, label: run.title }];
  const options = { title: `Curves of ${cell.title}`, runs, cells: [cell.name], folded: true, height: 210 };
  return <ChartPlace options={options} points={cell.metrics.length} />;
}

/** The curves of all training cells; nothing while there are fewer than two. */
export function RunChart({ run }: { readonly run: RunView }) {
  const training = run.cells.filter(({ metrics }) => metrics.some(({ values }) => "loss" in values));
  if (training.length < 2) return null;
  const options = { title: "Curves of all cells", runs: [{ id: run.id, label: run.title }], height: 280 };
  return (
    <section class="card curves" aria-labelledby="curves-title">
      <div class="title-row">
        <h2 id="curves-title">Curves</h2>
        <a href={`/compare?run=${encodeURIComponent(run.id)}`}>Compare cells</a>
      </div>
      <ChartPlace options={options} points={training.reduce((sum, { metrics }) => sum + metrics.length, 0)} />
    </section>
  );
}
