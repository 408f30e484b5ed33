// The graph of a run's cells: from the seed over experts and stitches to the evaluation, with their states.
import { cellLabel } from "../../../methods.ts";
import type { CellView, RunView } from "../../../run/mod.ts";
import { cellGraph, shownStatus } from "../../../run/view/mod.ts";
import { statusText } from "../common/dom.ts";
import { duration } from "../common/format.ts";
import { shortTexts } from "../common/short-texts.ts";

const [WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN] = [140, 44, 22, 12, 3];
/** Longer names are cut. */
const LETTERS = 15;
/** The graph shrinks to this part of its size before it scrolls. */
const LEAST = 0.85;

/** The graph; nothing for logs that do not say what builds on what. */
export function Graph({ run }: { readonly run: RunView }) {
  const { cells } = run;
  const graph = cellGraph(cells);
  if (graph === undefined) return null;
  const size = (count: number, side: number, gap: number) => count * side + (count - 1) * gap + 2 * MARGIN;
  const [width, height] = [size(graph.columns, WIDTH, GAP_X), size(graph.rows, HEIGHT, GAP_Y)];
  const names = nodeNames(cells);
  const labels = shortTexts(names.values(), LETTERS);
  const counts = Map.groupBy(graph.nodes, ({ column }) => column);
  const places = new Map(graph.nodes.map(({ name, column, row }) => {
    // Short columns stand in the middle.
    const above = (graph.rows - counts.get(column)!.length) / 2;
    return [name, {
      x: MARGIN + column * (WIDTH + GAP_X),
      y: MARGIN + (row + above) * (HEIGHT + GAP_Y),
    }];
  }));
  return (
    <section class="graph" role="region" aria-label="Graph of the cells" tabindex={0}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ width: "100%", maxWidth: `${width}px`, minWidth: `${Math.round(LEAST * width)}px` }}
      >
        {graph.edges.map(([from, to]) => {
          const [a, b] = [places.get(from)!, places.get(to)!];
          const [x1, y1, x2, y2] = [a.x + WIDTH, a.y + HEIGHT / 2, b.x, b.y + HEIGHT / 2];
          const middle = (x2 - x1) / 2;
          return (
            <path
              key={`${from} ${to}`}
              class="edge"
              d={`M${x1} ${y1}C${x1 + middle} ${y1} ${x2 - middle} ${y2} ${x2} ${y2}`}
            >
            </path>
          );
        })}
        {cells.map((cell, i) => (
          <Node
            key={cell.name}
            cell={cell}
            run={run}
            index={i + 1}
            label={labels.get(names.get(cell)!)!}
            {...places.get(cell.name)!}
          />
        ))}
      </svg>
    </section>
  );
}

/** What the nodes are called: experts by their domains alone, if their whole names do not fit. */
function nodeNames(cells: readonly CellView[]): Map<CellView, string> {
  const domainOf = ({ name }: CellView) => /^expert:(.+)$/s.exec(name)?.[1];
  const isLong = cells.some((cell) => domainOf(cell) !== undefined && cellLabel(cell.name).length > LETTERS);
  return new Map(cells.map((cell) => [cell, (isLong ? domainOf(cell) : undefined) ?? cellLabel(cell.name)]));
}

/** The room for a node's name, and for the run that a cached cell comes from: right of the middle, which leads to the cell. */
const [NAME_ROOM, ORIGIN_ROOM] = [WIDTH - 27, WIDTH / 2 - 10];

/** Squeezes a text of wide letters into its room. @param size of the letters in pixels */
export function fitted(text: string, room: number, size: number) {
  const widthOf = (letter: string) => size * (/[mw@%]|[^\0-\u10ff]/i.test(letter) ? 1 : 0.58);
  const width = [...text].reduce((sum, letter) => sum + widthOf(letter), 0);
  return width <= room ? {} : { textLength: room, lengthAdjust: "spacingAndGlyphs" };
}

interface NodeProps {
  readonly cell: CellView;
  /** Its name, short enough for its box. */
  readonly label: string;
  readonly run: RunView;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

function Node({ cell, label, run, index, x, y }: NodeProps) {
  const { title, seconds, builtBy } = cell;
  const status = shownStatus(cell, run);
  const time = seconds === null || status === "cached" ? "" : ` · ${duration(seconds)}`;
  const from = `from …${builtBy?.slice(-4)}`;
  const origin = status === "cached" && builtBy !== null ? `, built by ${builtBy}` : "";
  return (
    <>
      <a href={`#cell-${index}`} data-status={status}>
        <title>{`${title}: ${statusText(status)}${origin}`}</title>
        <rect class="box" x={x} y={y} width={WIDTH} height={HEIGHT} rx={8}></rect>
        <circle class="state" cx={x + 13} cy={y + 16} r={4}></circle>
        <text class="name" x={x + 23} y={y + 20} {...fitted(label, NAME_ROOM, 13)}>{label}</text>
        <text class="status" x={x + 23} y={y + 35}>{`${statusText(status)}${time}`}</text>
      </a>
      {origin !== "" && builtBy !== run.id && (
        <a href={`/runs/${encodeURIComponent(builtBy!)}`} class="origin">
          <title>{`Built by the run ${builtBy}`}</title>
          <text x={x + WIDTH - 6} y={y + 35} text-anchor="end" {...fitted(from, ORIGIN_ROOM, 12)}>{from}</text>
        </a>
      )}
    </>
  );
}
