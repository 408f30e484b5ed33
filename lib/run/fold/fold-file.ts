// A fold as bytes: a header with its checksum, JSON, and the columns as they lie in memory.
import { crc32 } from "node:zlib";
import type { LogDamage } from "../events/views.ts";
import type { FileStamp } from "../log/summary.ts";
import type { LogPosition } from "../log/parse-log.ts";
import { type Column, columnOf, type Values } from "../series/columns.ts";
import type { CellPoints, MetricColumns, Void } from "../series/points.ts";
import type { RunView } from "../view/mod.ts";
import type { Fold } from "./fold.ts";

/** Raise it with every change of this format, of the view, and of what events mean to it: older files are rebuilt. */
export const FOLD_VERSION = 2;

/** A fold, and the log that it was read from. */
export interface KeptFold {
  readonly fold: Fold;
  /** The log's state when it was read. */
  readonly stamp: FileStamp;
  /** The checksum of the log's last bytes before the fold's position. */
  readonly tail: number;
}

/** "StchFold"; then, as 32-bit numbers: version, bytes of the JSON, checksum of all that follows the header, 0. */
const MAGIC = new TextEncoder().encode("StchFold");
const HEADER_BYTES = MAGIC.length + 4 * Uint32Array.BYTES_PER_ELEMENT;
const ALIGNMENT = Float64Array.BYTES_PER_ELEMENT;

/** The JSON. Columns are numbers of `columns`, where each has its kind and length, in the order of their bytes. */
interface Contents {
  readonly stamp: FileStamp;
  readonly tail: number;
  readonly position: LogPosition;
  readonly ended: boolean;
  readonly view: RunView | null;
  readonly damage: LogDamage[];
  readonly marks: LogPosition[];
  readonly lastSeq: number;
  readonly cells: readonly PackedCell[];
  readonly columns: readonly (readonly ["number" | "index", number])[];
}

interface PackedCell extends Pick<CellPoints, "name" | "title" | "steps" | "flopsPerToken" | "startedAt" | "voids"> {
  readonly seq: number;
  readonly step: number;
  readonly time: number;
  readonly metrics: readonly (readonly [name: string, row: number, value: number])[];
}

/** The file of a fold. */
export function encodeFold({ fold, stamp, tail }: KeptFold): Uint8Array<ArrayBuffer> {
  const columns: Values[] = [];
  const pack = (column: Column) => columns.push(column.values()) - 1;
  const { position, ended, view, damage, marks, points } = fold;
  const cells = [...points.cells.values()].map(({ seq, step, time, metrics, ...cell }): PackedCell => ({
    ...cell,
    seq: pack(seq),
    step: pack(step),
    time: pack(time),
    metrics: [...metrics].map(([name, { row, value }]) => [name, pack(row), pack(value)] as const),
  }));
  const contents: Contents = {
    stamp,
    tail,
    position,
    ended,
    view: view ?? null,
    damage,
    marks,
    lastSeq: points.lastSeq,
    cells,
    columns: columns.map((values) => [values instanceof Uint32Array ? "index" : "number", values.length]),
  };
  const json = new TextEncoder().encode(JSON.stringify(contents));
  const places = placesOf(columns, HEADER_BYTES + json.length);
  const bytes = new Uint8Array(places.at(-1)!);
  bytes.set(json, HEADER_BYTES);
  for (const [i, { buffer, byteOffset, byteLength }] of columns.entries()) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), places[i]!);
  }
  bytes.set(MAGIC);
  new Uint32Array(bytes.buffer, MAGIC.length, 4).set([FOLD_VERSION, json.length, checksum(bytes), 0]);
  return bytes;
}

/**
 * The fold in a file; undefined if it is of another version or damaged.
 *
 * @param bytes become the columns' memory
 */
export function decodeFold(bytes: Uint8Array<ArrayBuffer>): KeptFold | undefined {
  if (bytes.length < HEADER_BYTES || MAGIC.some((byte, i) => byte !== bytes[i])) return undefined;
  const { buffer, byteOffset } = bytes;
  if (byteOffset % ALIGNMENT !== 0) return decodeFold(bytes.slice());
  const [version, length, sum] = new Uint32Array(buffer, byteOffset + MAGIC.length, 3);
  if (version !== FOLD_VERSION || sum !== checksum(bytes)) return undefined;
  const json = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length!));
  const contents: Contents = JSON.parse(json);
  const { stamp, tail, position, ended, view, damage, marks, lastSeq, cells, columns: packed } = contents;
  const places = placesOf(
    packed.map(([kind, length]) => ({ byteLength: length * BYTES[kind] })),
    HEADER_BYTES + length!,
  );
  const columns = packed.map(([kind, length], i) =>
    columnOf(new (kind === "index" ? Uint32Array : Float64Array)(buffer, byteOffset + places[i]!, length))
  );
  const unpacked = cells.map(({ seq, step, time, metrics, ...cell }): CellPoints => ({
    ...cell,
    voids: cell.voids as Void[],
    seq: columns[seq]!,
    step: columns[step]!,
    time: columns[time]!,
    metrics: new Map(metrics.map(([name, row, value]): [string, MetricColumns] => [
      name,
      { row: columns[row]!, value: columns[value]! },
    ])),
  }));
  const points = { cells: new Map(unpacked.map((cell) => [cell.name, cell])), lastSeq };
  return { fold: { position, ended, view: view ?? undefined, points, damage, marks }, stamp, tail };
}

const BYTES = { number: Float64Array.BYTES_PER_ELEMENT, index: Uint32Array.BYTES_PER_ELEMENT };

/** Where each column begins, aligned, and where the last one ends. */
function placesOf(columns: readonly { readonly byteLength: number }[], start: number): number[] {
  const aligned = (place: number) => Math.ceil(place / ALIGNMENT) * ALIGNMENT;
  const places = [aligned(start)];
  for (const { byteLength } of columns) places.push(aligned(places.at(-1)! + byteLength));
  return places;
}

const checksum = (bytes: Uint8Array): number => crc32(bytes.subarray(HEADER_BYTES));
