// Tensors that show themselves: shape, type, statistics, and a small heat map of the last two dimensions.
import * as tf from "@tensorflow/tfjs";
import { DISPLAY, displaying, type MediaBundle } from "../display.ts";
import { pngUrl } from "./png.ts";

/** Most rows and columns of a heat map; larger matrices are averaged over blocks. */
const MOST = 48;
/** Side of a heat map in pixels, at least and at most. */
const SIDE = { least: 96, most: 288 };
const POSITIVE = [224, 79, 63], NEGATIVE = [58, 127, 213], MISSING = [128, 128, 128];

/** Lets every tensor of this process show itself. Safe to call again. */
export function showTensors(): void {
  Object.defineProperty(tf.Tensor.prototype, DISPLAY, {
    configurable: true,
    value(this: tf.Tensor) {
      return displaying({}, () => tensorBundle(this))[DISPLAY]();
    },
  });
}

/** Statistics of a tensor's values; those that are not finite are counted only. */
export interface TensorStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of the values, not an estimate from a sample. */
  readonly deviation: number;
  readonly notFinite: number;
}

/** NaN for all but the count where no value is finite. */
export function statisticsOf(values: ArrayLike<number>): TensorStatistics {
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]!)) squares += (values[i]! - mean) ** 2;
  const notFinite = values.length - count;
  return count === 0
    ? { min: NaN, max: NaN, mean: NaN, deviation: NaN, notFinite }
    : { min, max, mean, deviation: Math.sqrt(squares / count), notFinite };
}

/** A tensor as HTML and text. It is read, not changed. */
export async function tensorBundle(tensor: tf.Tensor): Promise<MediaBundle> {
  const what = `Tensor ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (tensor.isDisposed) return lines([`${what}, disposed`]);
  if (tensor.dtype === "string" || tensor.dtype === "complex64") return lines([what]);
  if (tensor.size === 0) return lines([`${what}, empty`]);
  const values = await tensor.data();
  const { min, max, mean, deviation, notFinite } = statisticsOf(values);
  const facts = tensor.size === 1 ? [`${what}: ${values[0]}`] : [
    what,
    `min ${short(min)} · max ${short(max)} · mean ${short(mean)} · standard deviation ${short(deviation)}`,
    ...(notFinite > 0 ? [`${notFinite} of ${tensor.size} values are not finite`] : []),
  ];
  return tensor.size === 1 ? lines(facts) : lines(facts, heatMap(tensor.shape, values, Math.max(-min, max)));
}

function lines(facts: readonly string[], image = ""): MediaBundle {
  return {
    "text/html": `<div style="font:13px/1.5 system-ui,sans-serif">${facts.join("<br>")}${image}</div>`,
    "text/plain": facts.join("\n"),
  };
}

const short = (value: number) => Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "–";

/** The first matrix of the last two dimensions: red is positive, blue negative, white zero. */
function heatMap(shape: readonly number[], values: ArrayLike<number>, largest: number): string {
  const columns = shape.at(-1)!;
  const rows = shape.length > 1 ? shape.at(-2)! : 1;
  const [height, width] = [Math.min(MOST, rows), Math.min(MOST, columns)];
  const rgb = new Uint8Array(3 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [y, y + 1].map((at) => Math.floor((at * rows) / height)) as [number, number];
      const [left, right] = [x, x + 1].map((at) => Math.floor((at * columns) / width)) as [number, number];
      let sum = 0;
      for (let row = from; row < to; row++) {
        for (let column = left; column < right; column++) sum += values[row * columns + column]!;
      }
      rgb.set(colorOf(sum / ((to - from) * (right - left)), largest), 3 * (y * width + x));
    }
  }
  const scale = Math.min(SIDE.most / Math.max(height, width), Math.max(4, SIDE.least / Math.max(height, width)));
  const size = `width:${Math.round(width * scale)}px;height:${Math.max(8, Math.round(height * scale))}px`;
  const more = shape.length > 2 ? "the first matrix of the last two dimensions; " : "";
  const caption = `${more}red is positive, blue negative, up to ±${short(largest)}`;
  return `<br><img alt="heat map" src="${pngUrl(rgb, width, height)}" ` +
    `style="${size};image-rendering:pixelated;border:1px solid #8886"><br><small style="opacity:.65">${caption}</small>`;
}

function colorOf(value: number, largest: number): number[] {
  if (!Number.isFinite(value)) return MISSING;
  const share = largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0;
  const end = value < 0 ? NEGATIVE : POSITIVE;
  return end.map((channel) => Math.round(255 + (channel - 255) * share));
}
