// Numbers within bounds: what is written satisfies them as JavaScript reads it, and what satisfies them can be written.
import assert from "node:assert/strict";
import { constraints } from "../../../../lib/infer/mod.ts";
import { random } from "../../../../lib/random.ts";
import { allows, BYTES } from "../generate.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

Deno.test("numbers are allowed if they are within the bounds", () => {
  for (let round = 0; round < 60; round++) {
    const stream = random(SEED, round);
    const isInteger = stream.int(2) === 0;
    const some = (): number => {
      const digits = stream.between(0, isInteger ? 0 : 3);
      const size = 10 ** stream.int(4);
      return Number(((stream.float() * 2 - 1) * size).toFixed(digits)) + 0;
    };
    const bounds: Record<string, number> = {};
    for (const key of ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]) {
      if (stream.int(3) === 0) bounds[key] = stream.int(5) === 0 ? some() / 3 : some();
    }
    if (isInteger && stream.int(3) === 0) bounds["multipleOf"] = stream.between(1, 12);
    const { multipleOf } = bounds;
    const { minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity, exclusiveMaximum = Infinity } =
      bounds;
    const all = constraints(BYTES);
    const schema = {
      anyOf: [{ type: isInteger ? "integer" : "number", ...bounds }, { const: "a text, so that nothing is empty" }],
    };
    for (let k = 0; k < 25; k++) {
      const near = stream.pick([some(), ...Object.values(bounds)]);
      const value = Number((near + stream.pick([0, 0, 1, -1, 0.001, -0.5])).toFixed(stream.int(6)));
      const fits = value >= minimum && value > exclusiveMinimum && value <= maximum && value < exclusiveMaximum &&
        (!isInteger || Number.isInteger(value)) && (multipleOf === undefined || value % multipleOf === 0);
      const text = Object.is(value, -0) ? "0" : String(value);
      if (text.includes("e")) continue;
      assert.equal(
        allows(all.jsonSchema(schema), text),
        fits,
        `${text} with ${JSON.stringify({ isInteger, ...bounds })}`,
      );
    }
  }
});

Deno.test("bounds of any size and many digits are compared exactly", () => {
  const all = constraints(BYTES);
  const cases: readonly (readonly [object, readonly string[], readonly string[]])[] = [
    [{ minimum: 1e-7 }, ["0.0000001", "0.00000010", "1"], ["0.00000009999", "0", "-1"]],
    [{ exclusiveMaximum: 0.3 }, ["0.29999999999999", "-5", "0.2"], ["0.3", "0.30", "0.31"]],
    [{ maximum: 0.1 + 0.2 }, ["0.3", "0.30000"], ["0.300000000001"]],
    [{ exclusiveMinimum: 0 }, ["0.1", "0.01", "5"], ["0", "0.0", "-1"]],
    [{ maximum: -1 }, ["-1", "-1.0", "-1.5", "-20"], ["-0.9", "0", "1"]],
    [{ minimum: -1e300, maximum: 1e300 }, ["123456789012345", "-0.5"], ["1e5"]],
    [{}, ["1e99", "-1.5E-7", "0"], ["1e999", "01", ".5", "1.", "+1"]],
  ];
  for (const [bounds, inside, outside] of cases) {
    const schema = { type: "number", ...bounds };
    for (const text of inside) {
      assert.ok(allows(all.jsonSchema(schema), text), `${text} is in ${JSON.stringify(bounds)}`);
    }
    for (const text of outside) {
      assert.ok(!allows(all.jsonSchema(schema), text), `${text} is not in ${JSON.stringify(bounds)}`);
    }
  }
  const integer = { type: "integer" };
  assert.ok(allows(all.jsonSchema(integer), "-9007199254740991"));
  assert.ok(!allows(all.jsonSchema(integer), "9007199254740992"));
});
