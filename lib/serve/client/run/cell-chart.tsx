// The curves of one cell.
import { useEffect, useRef } from "hono/jsx";
import type { CellView } from "../../../run/mod.ts";
import { type Chart, createChart } from "../chart/chart.ts";

/** The chart, which appears with the first point. */
export function CellChart({ cell }: { readonly cell: CellView }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  useEffect(() => {
    chart.current ??= createChart();
    const { element, update } = chart.current!;
    if (element.parentElement === null) place.current?.append(element);
    update(cell.metrics, cell.steps);
  });
  return <div ref={place}></div>;
}
