// How fast the open device is, measured in a second and a half, for plans.
import * as tf from "@tensorflow/tfjs";
import type { Speed } from "../run/mod.ts";
import { linear } from "../tensor/mod.ts";

/** Measures the open device. It is as busy with other work as it will be, if that continues. */
export async function measureSpeed(): Promise<Speed> {
  return {
    flopsPerSecond: 8 * 2 * 512 ** 3 / await secondsOf(8, 512, 512),
    secondsPerLayer: await secondsOf(PRODUCTS_PER_LAYER, 4, 32),
  };
}

/** Small products that take about as long as a small batch in a layer, with all that is around it. */
const PRODUCTS_PER_LAYER = 20;

/** Mean seconds of `count` products of `[rows, width]` and `[width, width]` in sequence; repeated for about 0.7 s. */
async function secondsOf(count: number, rows: number, width: number): Promise<number> {
  const [x, w] = [tf.ones([rows, width]), tf.fill([width, width], 1 / width)];
  const products = async () => {
    const y = tf.tidy(() => {
      let y: tf.Tensor = x;
      for (let i = 0; i < count; i++) y = linear(y, w);
      return y;
    });
    await y.data();
    y.dispose();
  };
  await products();
  const began = performance.now();
  let repeats = 0;
  do {
    await products();
    repeats++;
  } while (performance.now() - began < 700);
  tf.dispose([x, w]);
  return (performance.now() - began) / 1000 / repeats;
}
