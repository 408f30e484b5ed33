// NaN and infinity go where the numbers that they spoil go: into every value and every gradient that depends on them.
import assert from "node:assert/strict";
import { openDevice } from "../../lib/tensor/mod.ts";
import { random } from "../../lib/random.ts";
import { cases } from "./cases.ts";
import { type Case, evaluate, type Values } from "./support.ts";

// Small ones: what depends on what is found by trying.
const chosen = cases.filter(({ name, inputs, trained }) =>
  trained.length > 0 && !name.startsWith("stock") && inputs.every(({ data }) => data.length <= 3000)
);

/** The inputs with element `place` of one of them replaced. */
function spoilt(inputs: readonly Values[], index: number, place: number, value: number): Values[] {
  return inputs.map(({ data, shape }, i) => {
    if (i !== index) return { data, shape };
    const copy = data.slice();
    copy[place] = value;
    return { data: copy, shape };
  });
}

/** For each result, the places that change when the element changes a little, and so must not stay finite. */
function dependents(one: Case, run: Case["ours"], index: number, place: number): boolean[][] {
  const { inputs, trained } = one;
  const before = evaluate(inputs, trained, run);
  const x = inputs[index]!.data[place]!;
  const found = [0.5, -0.5].map((step) => evaluate(spoilt(inputs, index, place, x + step), trained, run));
  return before.map((values, j) => {
    const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
    return Array.from(values, (value, p) => found.some((moved) => Math.abs(moved[j]![p]! - value) > 1e-4 * scale));
  });
}

for (const name of ["reference", "cpu"] as const) {
  Deno.test(`NaN reaches every value and every gradient that depends on it [${name}]`, async (t) => {
    const device = await openDevice(name, { threads: 2 });
    let reached = 0;
    for (const one of chosen) {
      const { inputs, trained } = one;
      const run = name === "cpu" ? one.ours : one.reference;
      await t.step(one.name, () => {
        for (const index of trained) {
          const place = random(index, "spoilt", one.name).int(inputs[index]!.data.length);
          const depends = dependents(one, run, index, place);
          evaluate(spoilt(inputs, index, place, NaN), trained, run).forEach((values, j) => {
            values.forEach((value, p) => {
              if (!depends[j]![p]) return;
              reached++;
              assert.ok(Number.isNaN(value), `input ${index}[${place}], result ${j}[${p}]: ${value}`);
            });
          });
        }
      });
    }
    assert.ok(reached > 5000, `${reached}`);
    await device.close();
  });
}

Deno.test("infinity becomes what the reference makes of it: finite where that is, not finite where what depends on it is not", async (t) => {
  const spoilings = chosen.flatMap((one) =>
    one.trained.flatMap((index) => {
      const place = random(index, "infinite", one.name).int(one.inputs[index]!.data.length);
      return [Infinity, -Infinity].map((value) => ({
        one,
        index,
        place,
        inputs: spoilt(one.inputs, index, place, value),
      }));
    })
  );
  await (await openDevice("reference")).close();
  const expected = spoilings.map(({ one, inputs }) => evaluate(inputs, one.trained, one.reference));
  const device = await openDevice("cpu", { threads: 2 });
  for (const [i, { one, index, place, inputs }] of spoilings.entries()) {
    await t.step(`${one.name}, input ${index}`, () => {
      const depends = dependents(one, one.ours, index, place);
      evaluate(inputs, one.trained, one.ours).forEach((values, j) => {
        values.forEach((value, p) => {
          const wanted = expected[i]![j]![p]!;
          // The reference's attention multiplies what is masked by 0, which makes NaN of infinity; ours never reads it.
          const masked = one.name.startsWith("causalAttention") && j > 0;
          if (!Number.isFinite(wanted) && (masked || !depends[j]![p])) return;
          const near = Math.abs(value - wanted) <= 1e-4 * Math.max(1, Math.abs(wanted));
          assert.ok(
            Number.isFinite(wanted) ? near : !Number.isFinite(value),
            `result ${j}[${p}] is ${value}, not ${wanted}`,
          );
        });
      });
    });
  }
  await device.close();
});
