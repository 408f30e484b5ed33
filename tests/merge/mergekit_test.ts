// Weight merges against mergekit's results for the same tensors (fixtures/make_mergekit.py).
import assert from "node:assert/strict";
import { type MergeSettings, resolveOptions } from "../../lib/merge/weights/options.ts";
import type { TensorInputs } from "../../lib/merge/weights/method.ts";
import { weightMethod } from "../../lib/merge/weights/methods.ts";
import { inMemory } from "../../lib/merge/weights/source.ts";

interface Fixture {
  readonly tensors: Readonly<
    Record<string, { readonly shape: number[]; readonly base: number[]; readonly models: number[][] }>
  >;
  readonly cases: readonly {
    readonly tensors: string;
    readonly method: string;
    readonly settings: MergeSettings;
    /** Whether a method that can do without a base got one. */
    readonly base?: boolean;
    /** By model, in multiples of 2^-16; empty if nothing is dropped at random. */
    readonly draws: readonly number[][];
    readonly result: readonly number[];
  }[];
}

const fixture: Fixture = JSON.parse(Deno.readTextFileSync(new URL("fixtures/mergekit.json", import.meta.url)));

/** Our result for a case with its uniform numbers, in pieces of about `piece` elements. */
function merged(
  { tensors, method: name, settings, draws, base: given }: Fixture["cases"][number],
  piece: number,
): Float32Array {
  const { shape, base, models } = fixture.tensors[tensors]!;
  const source = (values: readonly number[]) => inMemory({ shape, data: Float32Array.from(values) });
  const method = weightMethod(name);
  const options = resolveOptions(method, settings, models.length);
  const inputs: TensorInputs = {
    base: (given ?? method.base) ? source(base) : undefined,
    models: models.map(source),
    draws: (model) => () => {
      let at = 0;
      return () => draws[model]![at++]! / 65_536;
    },
    piece,
  };
  return Float32Array.from(method.merge(inputs, options).flatMap((part) => [...part]));
}

for (const method of new Set(fixture.cases.map(({ method }) => method))) {
  Deno.test(`\`${method}\` gives mergekit's numbers`, () => {
    const cases = fixture.cases.filter((one) => one.method === method);
    let changed = 0;
    for (const one of cases) {
      const where = `${one.tensors} ${JSON.stringify(one.settings)}`;
      const result = merged(one, Infinity);
      assert.equal(result.length, one.result.length, where);
      const { base } = fixture.tensors[one.tensors]!;
      const scale = Math.max(...one.result.map(Math.abs), ...base.map(Math.abs));
      result.forEach((value, i) => {
        const wanted = one.result[i]!;
        assert.ok(Math.abs(value - wanted) <= 1e-6 * scale, `${where} [${i}]: ${value}, mergekit ${wanted}`);
        if (wanted !== base[i]) changed++;
      });
    }
    assert.ok(changed > 100, "merges that change nothing prove nothing");
  });

  Deno.test(`\`${method}\` gives the same numbers in pieces of any size`, () => {
    for (const one of fixture.cases.filter((one) => one.method === method)) {
      const whole = merged(one, Infinity);
      for (const piece of [1, 7, 30]) {
        const parts = merged(one, piece);
        // Norms and sums of magnitudes are accumulated in another order.
        const scale = Math.max(...whole.map(Math.abs));
        parts.forEach((value, i) => assert.ok(Math.abs(value - whole[i]!) <= 1e-7 * scale, `${one.tensors} [${i}]`));
      }
    }
  });
}
