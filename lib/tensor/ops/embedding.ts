// Rows of a table by token id, with a gradient that adds up repeated ids in one fixed order.
import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "../kernels.ts";

/** Name of the fused kernel: inputs `{ table: [vocab, d], ids: int32 [rows] }`, output `[rows, d]`. */
export const EMBEDDING = "StitchbookEmbedding";
/** Its gradient's kernel: inputs `{ ids, dy: [rows, d] }`, attribute `vocab`, output `[vocab, d]`. */
export const EMBEDDING_GRAD = "StitchbookEmbeddingGrad";

/**
 * @param table float32 `[vocab, d]`
 * @param ids int32 of any shape; each in `[0, vocab)`
 * @returns float32 `[...ids.shape, d]`
 */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  const flat = ids.reshape([-1]) as tf.Tensor1D;
  const rows = hasKernel(EMBEDDING)
    ? runKernel<tf.Tensor>(EMBEDDING, { table, ids: flat })
    : embeddingReference(table, flat);
  return rows.reshape([...ids.shape, table.shape[1]]);
}

/** The stock composition. */
export function embeddingReference(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor {
  return tf.gather(table, ids);
}

tf.registerGradient({
  kernelName: EMBEDDING,
  inputsToSave: ["table", "ids"],
  gradFunc: (dy, saved) => {
    const [table, ids] = saved as [tf.Tensor, tf.Tensor];
    return { table: () => runKernel(EMBEDDING_GRAD, { ids, dy: dy as tf.Tensor }, { vocab: table.shape[0] }) };
  },
});
