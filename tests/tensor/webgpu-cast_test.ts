// Casts on WebGPU: after a cast to float our kernels read floats, not the integers of a shared buffer.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openDevice } from "../../lib/tensor/mod.ts";
import { optionalTest } from "../optional.ts";

optionalTest("vulkan", "a cast of integers and booleans to float converts them on WebGPU", async () => {
  const device = await openDevice("webgpu");
  try {
    const whole = tf.tensor2d([0, -3, 7, 1 << 20, 5, -1], [2, 3], "int32");
    const cast = tf.cast(whole, "float32");
    assert.deepEqual([...await cast.data()], [0, -3, 7, 1 << 20, 5, -1]);
    assert.ok(await cast.data() instanceof Float32Array);
    const truth = tf.cast(tf.greater(whole, 0), "float32") as tf.Tensor2D;
    const ones = tf.ones([3, 2]) as tf.Tensor2D;
    assert.deepEqual([...await tf.matMul(truth, ones).data()], [1, 1, 2, 2]);
    const sums = tf.sum(tf.cast(tf.oneHot(tf.tensor1d([2, 0, 2], "int32"), 3), "float32"), 0);
    assert.deepEqual([...await sums.data()], [1, 0, 2]);
    // other casts are the stock ones, and an empty tensor can be cast
    assert.deepEqual([...await tf.cast(tf.tensor1d([1.7, -1.7]), "int32").data()], [1, -1]);
    assert.deepEqual([...await tf.cast(tf.tensor1d([], "int32"), "float32").data()], []);
  } finally {
    await device.close();
    await tf.setBackend("cpu");
  }
}, { sanitizeOps: false, sanitizeResources: false });
