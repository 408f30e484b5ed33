// Matrix products by the system's BLAS, where there is one.
import assert from "node:assert/strict";
import { describeDevices, openDevice } from "../../lib/tensor/mod.ts";
import { optionalTest } from "../optional.ts";
import { cases } from "./cases.ts";
import { distance, evaluate } from "./support.ts";

const products = cases.filter(({ name }) => /^(linear|matMul)/.test(name));

optionalTest("blas", "products by the system's BLAS equal the reference", async () => {
  assert.ok((await describeDevices()).blas !== undefined);
  await (await openDevice("reference")).close();
  const expected = products.map(({ inputs, trained, reference }) => evaluate(inputs, trained, reference));
  const device = await openDevice("cpu", { threads: 2, blas: true });
  assert.match(device.description, /products by /);
  products.forEach(({ name, inputs, trained, ours }, i) => {
    evaluate(inputs, trained, ours).forEach((result, j) => assert.ok(distance(result, expected[i]![j]!) < 2e-6, name));
  });
  await device.close();
}, { sanitizeResources: false });
