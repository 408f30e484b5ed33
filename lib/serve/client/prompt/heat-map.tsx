// The gates of a text as a heat map: a row for each model of each stitch, a column for each token.
import { Fragment, useRef, useState } from "hono/jsx";
import { methodLabel } from "../../../methods.ts";
import { useEffect } from "../common/effect.ts";
import type { Piece } from "./ask.ts";
import { type Columns, columnsIn, inSight, numbered, scrolledTo } from "./heat-map-columns.ts";
import { type Gates, percent } from "./tokens.tsx";

const ROW = 14;

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

/** A token and a model. */
interface Selected {
  readonly token: number;
  readonly row: number;
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

/**
 * The heat map; the pointer and the arrow keys select a token, whose numbers are told. A long text scrolls sideways
 * beside the names of the models.
 */
export function HeatMap({ pieces, gates }: { readonly pieces: readonly Piece[]; readonly gates: Gates }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [room, setRoom] = useState(0);
  const [left, setLeft] = useState(0);
  const [at, setAt] = useState<Selected | undefined>(undefined);
  const rows = rowsOf(gates);
  const told = pieces.filter(({ gates }) => gates !== null);
  const columns = columnsIn(room, told.length);
  const [first, end] = inSight(columns, left, room);
  useEffect(() => {
    const observer = new ResizeObserver(() => setRoom(box.current!.clientWidth));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (room > 0) draw(canvas.current!, told.slice(first, end), rows, columns, first * columns.size - left);
  }, [told.length, rows.length, room, left]);
  const select = (token: number, row: number) =>
    setAt({ token: clamp(token, told.length), row: clamp(row, rows.length) });
  const point = (event: PointerEvent) => {
    const { x, y } = canvas.current!.getBoundingClientRect();
    const row = rows.findLastIndex(({ top }) => top <= event.clientY - y);
    select(Math.floor((event.clientX - x + left) / columns.size), row);
  };
  const move = (event: KeyboardEvent) => {
    const step = stepOf(event.key, end - first - 1, told.length);
    if (step === undefined) return;
    event.preventDefault();
    // The first key selects the first token in sight.
    const token = at === undefined ? first : clamp(at.token + step[0], told.length);
    select(token, (at?.row ?? 0) + step[1]);
    box.current!.scrollLeft = scrolledTo(columns, token, left, room);
  };
  return (
    <div class="heat-map">
      <ol aria-hidden="true">
        {rows.map(({ title, column, label }) => (
          <Fragment key={`${title} ${column}`}>
            {column === 0 && <li class="place" title={title}>{title}</li>}
            <li title={label}>{label}</li>
          </Fragment>
        ))}
        <li>Token</li>
      </ol>
      <div
        ref={box}
        class="cells"
        role="application"
        tabindex={0}
        aria-label={`Gates of ${told.length} tokens; the arrow keys go from token to token and from model to model`}
        onScroll={() => setLeft(box.current!.scrollLeft)}
        onPointerMove={point}
        onPointerDown={point}
        onKeyDown={move}
      >
        <div class="all" style={{ width: `${columns.width}px` }}>
          <canvas ref={canvas} width={Math.ceil(Math.min(room, columns.width))} height={heightOf(rows)}></canvas>
          <ol class="axis" aria-hidden="true">
            {numbered(columns).map((column) => (
              <li key={column} style={{ left: `${(column + 1) * columns.size}px` }}>{column + 1}</li>
            ))}
          </ol>
          {at !== undefined && <i class="at" style={outlineOf(at, rows, columns)}></i>}
        </div>
      </div>
      <p class="told" role="status">
        {at === undefined ? "Point at a token to see its numbers" : sentence(at, told, rows)}
      </p>
      {end - first < told.length && (
        <p class="told muted">
          {`Tokens ${first + 1} to ${end} of ${told.length}; scroll sideways to see the others`}
        </p>
      )}
    </div>
  );
}

/** How far a key goes: tokens and rows; undefined for other keys. @param page tokens of a page */
function stepOf(key: string, page: number, count: number): readonly [tokens: number, rows: number] | undefined {
  const steps: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
    PageUp: [-page, 0],
    PageDown: [page, 0],
    Home: [-count, 0],
    End: [count, 0],
  };
  return Object.hasOwn(steps, key) ? steps[key] : undefined;
}

const heightOf = (rows: readonly Row[]) => (rows.at(-1)?.top ?? 0) + ROW;

const clamp = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));

function outlineOf({ token, row }: Selected, rows: readonly Row[], { size }: Columns): Record<string, string> {
  return { left: `${token * size}px`, top: `${rows[row]!.top}px`, width: `${size}px`, height: `${ROW - 1}px` };
}

function sentence({ token, row }: Selected, told: readonly Piece[], rows: readonly Row[]): string {
  const [piece, { place, column, title, label }] = [told[token], rows[row]!];
  return piece === undefined
    ? ""
    : `Token ${token + 1}, ${JSON.stringify(piece.text)} · ${title}: ${label} ${
      percent(piece.gates![place]![column]!)
    }`;
}

/** Draws the tokens in sight, the first of them at `x` pixels. */
function draw(
  canvas: HTMLCanvasElement,
  told: readonly Piece[],
  rows: readonly Row[],
  { size }: Columns,
  x: number,
): void {
  const context = canvas.getContext("2d")!;
  canvas.height = heightOf(rows); // clears it
  const edges = Array.from({ length: told.length + 1 }, (_, i) => Math.round(x + i * size));
  rows.forEach(({ place, column, color, top }) => {
    context.fillStyle = color;
    told.forEach(({ gates }, i) => {
      context.globalAlpha = gates![place]![column]!;
      context.fillRect(edges[i]!, top, edges[i + 1]! - edges[i]!, ROW - 1);
    });
  });
}
