// Gates as metrics: what is written is what is read.
import assert from "node:assert/strict";
import { gateMetric, latestGates } from "../../../lib/run/view/gate-metrics.ts";

Deno.test("the gates that were logged last are read back, whatever else was logged", () => {
  const gates = [
    { stitch: 1, domain: "code", model: "seed", gate: 0.25 },
    { stitch: 12, domain: "a:b c", model: "expert/x", gate: 0.75 },
  ];
  const values = Object.fromEntries(gates.map((one) => [gateMetric(one), one.gate]));
  const point = (step: number, values: Record<string, number | null>) => ({ step, time: "", values });
  const metrics = [
    point(1, { loss: 3, "gate/1/code/seed": 0.9 }),
    point(2, { ...values, loss: 2, "gate/odd": 1, "gate/1/code/law": null, "mlp/edge": 1 }),
    point(3, { loss: 1 }),
  ];
  assert.deepEqual(latestGates({ metrics }), { step: 2, gates });
  assert.equal(latestGates({ metrics: [point(1, { loss: 1, "gates/1/a/b": 1 })] }), undefined);
});
