// Takes over tfjs's BatchMatMul where no batch dimension is broadcast.
import * as tf from "@tensorflow/tfjs";
import { register, sizeOf } from "../machine/jobs.ts";
import { multiply } from "../products/multiply.ts";

const stock = tf.getKernel("BatchMatMul", "cpu").kernelFunc;
register("BatchMatMul", (call) => {
  const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
  const outer = (shape: number[]) => sizeOf(shape.slice(0, -2));
  const batchA = outer(a.shape);
  const batchB = outer(b.shape);
  const batch = Math.max(batchA, batchB);
  const [a0, a1] = a.shape.slice(-2) as [number, number];
  const [b0, b1] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [a1, a0] : [a0, a1];
  const [inner, N] = transposeB ? [b1, b0] : [b0, b1];
  const plain = a.dtype === "float32" && b.dtype === "float32" && K === inner && M * N * K > 0 &&
    (batchA === 1 || batchB === 1 || String(a.shape.slice(0, -2)) === String(b.shape.slice(0, -2)));
  if (!plain) return stock(call as unknown as Parameters<typeof stock>[0]);
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const product = { batch, M, N, K, transposeA, transposeB, oneA: batchA === 1, oneB: batchB === 1 };
  const from = { a: call.backend.address(a), b: call.backend.address(b) };
  const { info, address: c } = call.backend.output([...batchShape, M, N]);
  multiply(call.backend.machine, { ...product, ...from, c });
  return info;
});
