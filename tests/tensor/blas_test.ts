// Matrix products by the system's BLAS, where there is one: when it is used, and that parts make a whole.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { describeDevices, openDevice } from "../../lib/tensor/mod.ts";
import { optionalTest } from "../optional.ts";
import { distance, evaluate, normalValues } from "./support.ts";

const unwatched = { sanitizeResources: false };

optionalTest("blas", "a product that is cut into parts is the same for any number of threads", async () => {
  const shapes = [[400, 128, 520], [65, 1000, 130], [1030, 33, 200], [530, 256, 257]] as const;
  for (const [M, K, N] of shapes) {
    const inputs = [normalValues([M, K], 1), normalValues([N, K], 2)];
    const f = ([x, w]: tf.Tensor[]) => tf.matMul(x!, w!, false, true);
    const results: Float32Array[][] = [];
    for (const [threads, products] of [[1, "wasm"], [1, "blas"], [2, "blas"], [3, "blas"]] as const) {
      const device = await openDevice("cpu", { threads, products });
      results.push(evaluate(inputs, [0, 1], f));
      await device.close();
    }
    const [own, ...library] = results;
    library[0]!.forEach((result, j) => assert.ok(distance(result, own![j]!) < 1e-5, `${M} ${K} ${N}`));
    library.slice(1).forEach((result) => assert.deepEqual(result, library[0]));
  }
}, unwatched);

optionalTest("blas", "a BLAS is used where it is asked for", async () => {
  assert.ok((await describeDevices()).blas !== undefined);
  const device = await openDevice("cpu", { threads: 1, products: "blas" });
  assert.match(device.description, /, products by /);
  assert.match(device.numerics, /^cpu (relaxed-)?simd \+ /);
  await device.close();
}, unwatched);

/** What `openDevice("cpu")` says in a process with these permissions and this environment. */
async function describedBy(permissions: readonly string[], env: Record<string, string>): Promise<string> {
  const program = fileURLToPath(new URL("./describe-cpu.ts", import.meta.url));
  const args = ["run", ...permissions, program];
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), { args, env }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

Deno.test("without `--allow-ffi` products are quietly by WebAssembly, and `STITCHBOOK_BLAS=off` means no library", async () => {
  const few = ["--allow-read", "--allow-env", "--allow-sys", "--no-prompt"];
  assert.doesNotMatch(await describedBy(few, {}), /products by/);
  assert.doesNotMatch(await describedBy(["-A"], { STITCHBOOK_BLAS: "off" }), /products by (?!own)/);
  assert.doesNotMatch(await describedBy(["-A"], { STITCHBOOK_PRODUCTS: "wasm" }), /products by/);
});
