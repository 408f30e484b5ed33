// Output head and cross-entropy in one: a language model's loss without storing its `[N, vocab]` logits, which are
// computed, used and freed one chunk of rows at a time (as in Wijmans et al., arXiv 2411.09009, and Liger, 2410.10989).
import * as tf from "@tensorflow/tfjs";
import { checkTensors, composed, isTaping, refuseShapes } from "../kernels.ts";
import { accumulate } from "./accumulate.ts";
import { checkTargets, crossEntropy, crossEntropyGradient } from "./cross-entropy.ts";
import { isFrozen, isHalf, multipliesPacked, unpackHalf, weightShape } from "./half.ts";
import { frozenGradient, linear } from "./linear.ts";

/** Most logits in one chunk, 8 MiB, unless that is fewer than {@linkcode FEWEST_ROWS} rows. */
const CHUNK = 2 ** 21;
/** With fewer rows, reading the whole head for each chunk would cost more than the product. */
const FEWEST_ROWS = 384;

/**
 * `crossEntropy(linear(x, w), targets)`: the negative log-likelihood of each row's target, in nats; 0, and no gradient,
 * where the target is negative. The gradients recompute the logits.
 *
 * @param x float32 `[N, d]`
 * @param w float32 `[vocab, d]`; or frozen: in half precision, int32 `[vocab, d / 2]`, or packed
 * @param targets int32 `[N]`, below `vocab`; see {@linkcode checkTargets}
 * @returns float32 `[N]`
 * @throws UserError `tensor.shape`, `tensor.index`
 */
export function linearCrossEntropy(x: tf.Tensor2D, w: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  checkInputs("linearCrossEntropy", x, w, targets);
  return composed(differentiable(x, w), (save) => {
    save([x, w, targets]);
    return lossesAndGradients(x, w, targets).losses;
  }, (dy, saved) => {
    const [x, w, targets] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
    const only = (part: Part) => () => lossesAndGradients(x, w, targets, dy as tf.Tensor1D, [part])[part]!;
    return { x: only("dx"), w: only("dw") };
  });
}

/**
 * The mean of {@linkcode linearCrossEntropy} over all rows, including those without a target.
 *
 * While a gradient is being taped, the gradient of x, and that of w if w is a variable, is computed along with the loss,
 * chunk by chunk, so that the logits are computed once, not twice.
 *
 * @param x float32 `[N, d]`
 * @param w float32 `[vocab, d]`
 * @param targets int32 `[N]`, below `vocab`; see {@linkcode checkTargets}
 * @throws UserError `tensor.shape`, `tensor.index`
 */
export function meanLinearCrossEntropy(x: tf.Tensor2D, w: tf.Tensor2D, targets: tf.Tensor1D): tf.Scalar {
  checkInputs("meanLinearCrossEntropy", x, w, targets);
  const wanted: Part[] = !isTaping() ? [] : w instanceof tf.Variable ? ["dx", "dw"] : ["dx"];
  return composed<tf.Scalar>(differentiable(x, w), (save) => {
    const each = tf.fill([x.shape[0]], 1 / x.shape[0]) as tf.Tensor1D;
    const { losses, dx, dw } = lossesAndGradients(x, w, targets, wanted.length === 0 ? undefined : each, wanted);
    save([x, w, targets, each, ...[dx, dw].filter((part) => part !== undefined)]);
    return tf.mean(losses);
  }, (dy, saved) => {
    const [x, w, targets, each, dx, dw] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, ...tf.Tensor[]];
    return {
      x: () => tf.mul(dx!, dy),
      w: () => tf.mul(dw ?? lossesAndGradients(x, w, targets, each, ["dw"]).dw!, dy),
    };
  });
}

/** A head that is not float32 is frozen. */
function differentiable(x: tf.Tensor, w: tf.Tensor): Readonly<Record<string, tf.Tensor>> {
  return isFrozen(w) ? { x } : { x, w };
}

/** The loss of each row, and what the row predicts. */
export type LinearPredictions = {
  /** As {@linkcode linearCrossEntropy}; float32 `[N]`. */
  readonly losses: tf.Tensor1D;
  /** The most likely class, the first among equals; int32 `[N]`. */
  readonly top: tf.Tensor1D;
  /** Its negative log-likelihood in nats; float32 `[N]`. */
  readonly topLosses: tf.Tensor1D;
};

/**
 * {@linkcode linearCrossEntropy} with the most likely class of each row, from the same logits. It has no gradient.
 *
 * @throws UserError `tensor.shape`, `tensor.index`
 */
export function linearPredictions(x: tf.Tensor2D, w: tf.Tensor2D, targets: tf.Tensor1D): LinearPredictions {
  checkInputs("linearPredictions", x, w, targets);
  return tf.tidy(() => {
    const table = isHalf(w) && !multipliesPacked(w) ? unpackHalf(w) as tf.Tensor2D : w;
    const chunks = chunksOf(x.shape[0], weightShape(w)[0]!).map(([from, rows]) =>
      tf.tidy(() => {
        const { logits, losses } = lossesOf(x, table, targets, from, rows);
        return { losses, ...topOf(logits) };
      })
    );
    return {
      losses: tf.concat(chunks.map(({ losses }) => losses)),
      top: tf.concat(chunks.map(({ top }) => top)),
      topLosses: tf.concat(chunks.map(({ topLosses }) => topLosses)),
    };
  });
}

/** The most likely class of each row of logits, `[N, vocab]`, and its negative log-likelihood in nats. */
export function topOf(logits: tf.Tensor2D): Omit<LinearPredictions, "losses"> {
  const top = tf.cast(tf.argMax(logits, 1), "int32") as tf.Tensor1D;
  return { top, topLosses: crossEntropy(logits, top) };
}

type Part = "dx" | "dw";

interface Results {
  readonly losses: tf.Tensor1D;
  readonly dx?: tf.Tensor;
  readonly dw?: tf.Tensor;
}

/** Losses and the wanted gradients of `Σ dy ∘ losses`, chunk by chunk. */
function lossesAndGradients(
  x: tf.Tensor2D,
  w: tf.Tensor2D,
  targets: tf.Tensor1D,
  dy?: tf.Tensor1D,
  wanted: readonly Part[] = [],
): Results {
  // unpacked once for all chunks, unless products read packed weights
  const table = isHalf(w) && !multipliesPacked(w) ? unpackHalf(w) as tf.Tensor2D : w;
  const chunks: Results[] = [];
  let dw: tf.Tensor | undefined;
  for (const [from, rows] of chunksOf(x.shape[0], weightShape(w)[0]!)) {
    const made = tf.tidy(() => {
      const chunk = lossesOf(x, table, targets, from, rows);
      if (dy === undefined) return { losses: chunk.losses };
      const d = crossEntropyGradient(chunk.logits, chunk.targets, chunk.losses, tf.slice(dy, [from], [rows]));
      return {
        losses: chunk.losses,
        ...(wanted.includes("dx") ? { dx: isFrozen(table) ? frozenGradient(d, table) : tf.matMul(d, table) } : {}),
        ...(wanted.includes("dw") ? { dw: tf.matMul(d, chunk.x, true) } : {}),
      };
    }) as Results;
    chunks.push(made);
    if (made.dw !== undefined) dw = dw === undefined ? made.dw : accumulate(dw, made.dw);
  }
  if (table !== w) table.dispose();
  return {
    losses: tf.concat(chunks.map(({ losses }) => losses)),
    ...(wanted.includes("dx") ? { dx: tf.concat(chunks.map(({ dx }) => dx!), 0) } : {}),
    ...(dw === undefined ? {} : { dw }),
  };
}

interface Chunk {
  readonly x: tf.Tensor2D;
  readonly logits: tf.Tensor2D;
  readonly targets: tf.Tensor1D;
  readonly losses: tf.Tensor1D;
}

function lossesOf(x: tf.Tensor2D, w: tf.Tensor2D, targets: tf.Tensor1D, from: number, rows: number): Chunk {
  const part = tf.slice(x, [from, 0], [rows, x.shape[1]]);
  const wanted = tf.slice(targets, [from], [rows]);
  const logits = linear(part, w) as tf.Tensor2D;
  return { x: part, logits, targets: wanted, losses: crossEntropy(logits, wanted) };
}

/** The most logits held at one time for a batch of `rows` rows. */
export function logitsHeld(rows: number, vocab: number): number {
  return Math.ceil(rows / chunkCount(rows, vocab)) * vocab;
}

function chunkCount(rows: number, vocab: number): number {
  return Math.max(1, Math.ceil(rows / Math.max(FEWEST_ROWS, Math.floor(CHUNK / vocab))));
}

/** First row and number of rows of each chunk; chunks are of nearly equal size. */
export function chunksOf(rows: number, vocab: number): readonly (readonly [number, number])[] {
  const count = chunkCount(rows, vocab);
  const at = (i: number) => Math.floor(rows * i / count);
  return Array.from({ length: count }, (_, i) => [at(i), at(i + 1) - at(i)] as const);
}

function checkInputs(operation: string, x: tf.Tensor2D, w: tf.Tensor2D, targets: tf.Tensor1D): void {
  checkTensors(operation, { x, w, targets }, { w: isFrozen(w) ? "int32" : "float32", targets: "int32" });
  const fits = x.rank === 2 && w.rank === 2 && targets.rank === 1 && x.shape[1] === weightShape(w)[1] &&
    targets.size === x.shape[0];
  if (!fits) {
    refuseShapes(operation, { x, w, targets }, "x and w must have the same width, and x one target per row");
  }
  checkTargets(operation, targets, weightShape(w)[0]!);
}
