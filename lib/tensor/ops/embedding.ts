// Rows of a table by token id, with a gradient that adds up repeated ids in one fixed order.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkRanks, checkTensors, hasKernel, inShape, registerGradient, runKernel } from "../kernels.ts";
import { halfFormat, isFrozen, markBfloat16, unpackHalf, weightShape } from "./half.ts";
import { isPacked, PACKED_ROWS } from "./packed.ts";

/** Name of the fused kernel: inputs `{ table: [vocab, d], ids: int32 [rows] }`, output `[rows, d]`. */
export const EMBEDDING = "StitchbookEmbedding";
/** Its gradient's kernel: inputs `{ ids, dy: [rows, d] }`, attribute `vocab`, output `[vocab, d]`. */
export const EMBEDDING_GRAD = "StitchbookEmbeddingGrad";
/**
 * Name of the kernel for a table in half precision: inputs `{ table: int32 [vocab, d / 2], ids: int32 [rows] }`, attributes
 * `HalfFormat`, output float32 `[rows, d]`; see half.ts for the packing.
 */
export const EMBEDDING_HALF = "StitchbookEmbeddingHalf";

/**
 * Refuses ids outside of a table.
 *
 * @throws UserError `tensor.index`
 */
export function checkIds(ids: ArrayLike<number>, vocab: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (!(id >= 0 && id < vocab)) {
      throw new UserError("tensor.index", `embedding() needs ids in [0, ${vocab}), but id ${i} is ${id}`);
    }
  }
}

/**
 * @param table float32 `[vocab, d]`; or frozen and in half precision, int32 `[vocab, d / 2]`, or packed: only the
 * requested rows are converted to float32
 * @param ids int32 of any shape; each in `[0, vocab)`
 * @returns float32 `[...ids.shape, d]`
 */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  checkTensors("embedding", { table, ids }, { table: isFrozen(table) ? "int32" : "float32", ids: "int32" });
  checkRanks("embedding", { table, ids }, { table: 2 });
  const flat = inShape<tf.Tensor1D>(ids, [-1]);
  const rows = isPacked(table)
    ? runKernel<tf.Tensor>(PACKED_ROWS, { w: table, ids: flat })
    : isFrozen(table)
    ? halfRows(table, flat)
    : floatRows(table, flat);
  return inShape(rows, [...ids.shape, weightShape(table)[1]!]);
}

function floatRows(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor {
  return hasKernel(EMBEDDING) ? runKernel(EMBEDDING, { table, ids }) : embeddingReference(table, ids);
}

function halfRows(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor {
  const format = halfFormat(table);
  if (hasKernel(EMBEDDING_HALF)) return runKernel(EMBEDDING_HALF, { table, ids }, format);
  const rows = tf.gather(table, ids);
  return unpackHalf(format.bfloat16 ? markBfloat16(rows) : rows);
}

/** The stock composition. */
export function embeddingReference(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor {
  return tf.gather(table, ids);
}

registerGradient(EMBEDDING, ["table", "ids"], (dy, [table, ids]) => ({
  table: () => runKernel(EMBEDDING_GRAD, { ids, dy }, { vocab: table.shape[0] }),
}));
