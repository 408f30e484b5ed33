// Waiting jobs: their order, their arguments, the words staged for them, and what happens to the rest when one fails.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ARGUMENT_WORDS, ARGUMENTS, HEAP_BASE } from "../../../../lib/tensor/cpu/layout/memory.ts";
import { createHeap } from "../../../../lib/tensor/cpu/machine/heap.ts";
import { createQueue, type JobQueue } from "../../../../lib/tensor/cpu/machine/queue.ts";
import { random } from "../../../../lib/random.ts";
import { openDevice } from "../../../../lib/tensor/mod.ts";

/**
 * A queue whose jobs record their number, some arguments and the word at the address in the first one. A job handed to the
 * helpers does so when it is reported done.
 */
function recording(fails = (_kernel: number) => false, helpers = 0) {
  const chance = random(helpers, "queue");
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 1024, shared: true });
  const control = new Int32Array(memory.buffer, ARGUMENTS, ARGUMENT_WORDS);
  const ran: { kernel: number; tasks: number; args: number[]; staged: number }[] = [];
  let early = 0;
  let started: (() => void) | undefined;
  const run = (kernel: number, tasks: number) => {
    assert.equal(started, undefined, "the previous job is not done");
    if (fails(kernel)) throw new Error(`job ${kernel}`);
    const staged = new Int32Array(memory.buffer, control[0]!, 1)[0]!;
    ran.push({ kernel, tasks, args: [...control.subarray(1, 4), control[100]!], staged });
  };
  const end = () => {
    const last = started;
    started = undefined;
    last?.();
  };
  const queue = createQueue(memory, createHeap(memory, HEAP_BASE), {
    helpers,
    run,
    start(kernel, tasks) {
      assert.equal(started, undefined, "the previous job is not done");
      early++;
      started = () => run(kernel, tasks);
    },
    isBusy() {
      if (chance.int(3) === 0) end();
      return started !== undefined;
    },
    finish: end,
  });
  return { queue, ran, early: () => early };
}

function add(queue: JobQueue, kernel: number, staged: ArrayLike<number> = [kernel], last?: number): void {
  queue.arguments.set([queue.stage(staged), 10 * kernel, kernel ** 2, 0]);
  if (last !== undefined) queue.arguments[100] = last;
  queue.add(kernel, last === undefined ? 4 : 101, kernel + 1, kernel % 2);
}

for (const helpers of [0, 1]) {
  Deno.test(`jobs run in order, each with its own arguments, however many, and its staged words [${helpers} helpers]`, () => {
    const { queue, ran, early } = recording(undefined, helpers);
    for (let kernel = 0; kernel < 400; kernel++) add(queue, kernel, [kernel], kernel < 50 ? undefined : kernel);
    assert.ok(ran.length < 400);
    queue.finish();
    assert.deepEqual(
      ran,
      Array.from({ length: 400 }, (_, kernel) => {
        const args = [10 * kernel, kernel ** 2, 0, kernel < 50 ? 0 : kernel];
        return { kernel, tasks: kernel + 1, args, staged: kernel };
      }),
    );
    queue.finish();
    assert.equal(ran.length, 400);
    assert.ok(helpers === 0 ? early() === 0 : early() > 10);
  });
}

Deno.test("any number of words can be staged", () => {
  const { queue, ran } = recording();
  for (const [kernel, size] of [10, 40_000, 40_000, 200_000, 10, 150_000, 150_000].entries()) {
    add(queue, kernel, new Int32Array(size).fill(kernel));
  }
  queue.finish();
  assert.deepEqual(ran.map(({ staged }) => staged), [0, 1, 2, 3, 4, 5, 6]);
});

Deno.test("when a job fails, those behind it are dropped, and the queue works on", () => {
  const { queue, ran } = recording((kernel) => kernel === 1);
  for (const kernel of [0, 1, 2]) add(queue, kernel);
  assert.throws(() => queue.finish(), /job 1/);
  add(queue, 3);
  queue.finish();
  assert.deepEqual(ran.map(({ kernel }) => kernel), [0, 3]);
});

Deno.test("values are read, and written without a job, only after all earlier jobs", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  tf.tidy(() => {
    const size = 5000;
    let x = tf.tensor1d(new Float32Array(size).fill(1));
    for (let i = 0; i < 40; i++) {
      const next = tf.tidy(() => tf.add(x, tf.add(x, tf.tensor1d(new Float32Array(size).fill(i))))); // 2x + i
      x.dispose(); // the next values get its memory
      x = next as tf.Tensor1D;
      if (i % 7 === 0) assert.equal(x.dataSync()[size - 1], Math.fround(2 ** (i + 1) + 2 ** (i + 1) - i - 2));
    }
  });
  await device.close();
});
