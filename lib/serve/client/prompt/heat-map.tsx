// The gates of a text as a heat map: a row for each model of each stitch, a column for each token.
import { Fragment, useRef, useState } from "hono/jsx";
import { methodLabel } from "../../../methods.ts";
import { useEffect } from "../common/effect.ts";
import type { Piece } from "./ask.ts";
import { type Gates, percent } from "./tokens.tsx";

const ROW = 14;
const [NARROWEST, WIDEST] = [3, 16];

/** A row: the gates of a model at a place. */
interface Row {
  readonly place: number;
  readonly title: string;
  readonly column: number;
  readonly label: string;
  readonly color: string;
  /** Above it in pixels. */
  readonly top: number;
}

/** A row for each model of each place; places have a heading. */
function rowsOf({ places, models }: Gates): readonly Row[] {
  let top = 0;
  return places.flatMap(({ title, models: columns }, place) => {
    top += ROW;
    return columns.map((model, column) => {
      const { name, color } = models[model]!;
      const row = { place, title, column, label: methodLabel(name), color, top };
      top += ROW;
      return row;
    });
  });
}

/** The heat map; the arrow keys and the pointer select a token, whose numbers are told. */
export function HeatMap({ pieces, gates }: { readonly pieces: readonly Piece[]; readonly gates: Gates }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<{ readonly token: number; readonly row: number } | undefined>(undefined);
  const rows = rowsOf(gates);
  const told = pieces.filter(({ gates }) => gates !== null);
  const size = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(720 / Math.max(1, told.length))));
  const width = size * told.length;
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, told, rows, size);
  }, [told.length, rows.length, size]);
  const select = (token: number, row: number) =>
    setAt({ token: clamp(token, told.length), row: clamp(row, rows.length) });
  const point = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const y = event.clientY - box.top;
    const left = (event.currentTarget as HTMLElement).scrollLeft;
    select(Math.floor((event.clientX - box.left + left) / size), rows.findLastIndex(({ top }) => top <= y));
  };
  const move = (event: KeyboardEvent) => {
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    if (dx === 0 && dy === 0) return;
    event.preventDefault();
    select((at?.token ?? -dx) + dx, (at?.row ?? 0) + dy);
  };
  return (
    <div class="heat-map">
      <ol aria-hidden="true">
        {rows.map(({ title, column, label }) => (
          <Fragment key={`${title} ${column}`}>
            {column === 0 && <li class="place" title={title}>{title}</li>}
            <li>{label}</li>
          </Fragment>
        ))}
      </ol>
      <div
        class="cells"
        role="application"
        tabindex={0}
        aria-label={`Gates of ${told.length} tokens; the arrow keys go from token to token and from model to model`}
        onMouseMove={point}
        onKeyDown={move}
      >
        <canvas ref={canvas} width={width} height={heightOf(rows)}></canvas>
      </div>
      <p class="told" role="status">
        {at === undefined ? "Point at a token to see its numbers" : sentence(at, told, rows)}
      </p>
    </div>
  );
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const heightOf = (rows: readonly Row[]) => (rows.at(-1)?.top ?? 0) + ROW;

const clamp = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));

function sentence(
  { token, row }: { token: number; row: number },
  told: readonly Piece[],
  rows: readonly Row[],
): string {
  const [piece, { place, column, title, label }] = [told[token], rows[row]!];
  return piece === undefined
    ? ""
    : `Token ${token + 1}, ${JSON.stringify(piece.text)} · ${title}: ${label} ${
      percent(piece.gates![place]![column]!)
    }`;
}

function draw(canvas: HTMLCanvasElement, told: readonly Piece[], rows: readonly Row[], size: number): void {
  const context = canvas.getContext("2d")!;
  canvas.width = size * told.length; // clears it
  canvas.height = heightOf(rows);
  rows.forEach(({ place, column, color, top }) => {
    context.fillStyle = color;
    told.forEach(({ gates }, x) => {
      context.globalAlpha = gates![place]![column]!;
      context.fillRect(x * size, top, size, ROW - 1);
    });
  });
}
