// JSON schemas: what a model that knows nothing generates is valid for ajv, and what is not supported is refused by name.
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { z } from "zod";
import { constraints } from "../../../../lib/infer/mod.ts";
import { random } from "../../../../lib/random.ts";
import { allows, BYTES, generate, TOKENIZERS } from "../generate.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

// deno-lint-ignore no-explicit-any
const ajv = new Ajv2020({ strict: false, allErrors: true }) as any;
// deno-lint-ignore no-explicit-any
(addFormats as any)(ajv);
const BY_BYTE = constraints(BYTES);

const object = (properties: object, rest: object = {}) => ({ type: "object", properties, ...rest });

const TREE = {
  $defs: {
    tree: object(
      { value: { type: "integer" }, children: { type: "array", items: { $ref: "#/$defs/tree" }, maxItems: 2 } },
      { required: ["value"], additionalProperties: false },
    ),
  },
  $ref: "#/$defs/tree",
};

const SCHEMAS: Readonly<Record<string, unknown>> = {
  anything: {},
  "true": true,
  "any object": { type: "object" },
  "no properties": { type: "object", additionalProperties: false },
  "required and optional": object({ a: { type: "null" }, 'b"\n': { type: "boolean" }, c: { type: "string" }, d: {} }, {
    required: ['b"\n', "d", "e"],
  }),
  "others after named ones": object({ name: { type: "integer" }, naive: { const: 1 } }, {
    additionalProperties: { type: "boolean" },
    required: ["name"],
    maxProperties: 4,
  }),
  "a map": { type: "object", additionalProperties: { type: "number" }, minProperties: 1, maxProperties: 3 },
  "counted": object({ a: { const: 1 }, b: { const: 2 }, c: { const: 3 }, d: { const: 4 } }, {
    minProperties: 2,
    maxProperties: 3,
    additionalProperties: false,
  }),
  "several types": { type: ["string", "integer", "null"], minLength: 2, maxLength: 4, minimum: -3, maximum: 1200 },
  "enum of all kinds": { enum: ["a", 1, -2.5, null, true, { a: [1, { b: "\u2028" }] }, '"\\é🙂'] },
  "enum by type": { type: "integer", enum: ["a", 1, 2.5, 7], minimum: 2 },
  tuple: { type: "array", prefixItems: [{ type: "string", maxLength: 2 }, { type: "integer" }], items: false },
  "tuple with others": { prefixItems: [{ const: 1 }], items: { type: "boolean" }, minItems: 2, maxItems: 4 },
  "old tuple": { type: "array", items: { enum: [1, 2, 3] }, minItems: 3 },
  "empty array": { type: "array", maxItems: 0 },
  "anyOf beside others": {
    type: "object",
    properties: { id: { type: "integer", minimum: 0 } },
    required: ["id"],
    anyOf: [{ properties: { a: { type: "string" } }, required: ["a"] }, { required: ["b"] }],
  },
  "oneOf by type": {
    oneOf: [{ type: "integer" }, { type: "string", maxLength: 3 }, { type: "array", items: { $ref: "#" } }],
  },
  "oneOf by property": {
    oneOf: ["circle", "square"].map((kind, i) =>
      object({ kind: { const: kind }, [["r", "a"][i]!]: { type: "number" } }, {
        required: ["kind", ["r", "a"][i]!],
      })
    ),
  },
  "allOf of objects": {
    allOf: [
      object({ a: { type: "number", minimum: 0 }, b: { type: "string" } }, { required: ["a"] }),
      object({ a: { type: "integer", maximum: 9 }, c: { type: "null" } }, {
        required: ["c"],
        additionalProperties: false,
      }),
    ],
  },
  "allOf of strings": { allOf: [{ pattern: "^a" }, { pattern: "z$" }, { minLength: 3, maxLength: 6 }] },
  "a tree": TREE,
  "a list by reference to the root": object({ next: { anyOf: [{ $ref: "#" }, { type: "null" }] } }, {
    required: ["next"],
  }),
  "patterns and quotes": { type: "string", pattern: '^[a"\\\\\\n\\u0001é]{1,5}$' },
  "a pattern inside": { type: "string", pattern: "ab?c", maxLength: 12 },
  ...Object.fromEntries(
    ["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"].map((format) => [
      `format ${format}`,
      { type: "string", format, maxLength: 60 },
    ]),
  ),
  "numbers of OpenAPI": object({ a: { type: "integer", format: "int32" }, b: { type: "number", format: "double" } }, {
    required: ["a", "b"],
  }),
  "from zod": z.toJSONSchema(z.strictObject({
    id: z.uuid(),
    at: z.iso.datetime(),
    email: z.email().max(30),
    age: z.int().min(0).max(120),
    score: z.number().gt(0).lte(1),
    tags: z.array(z.enum(["a", "b"])).min(1).max(3),
    pair: z.tuple([z.string().max(2), z.boolean()]),
    parent: z.nullable(z.string().regex(/^x+$/)),
    choice: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("n"), n: z.number() }),
      z.object({ kind: z.literal("s"), s: z.string().min(1).max(5).optional() }),
    ]),
  })),
};

for (const [name, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`generated JSON is valid: ${name}`, () => {
    const validate = ajv.compile(schema);
    let completed = 0;
    for (const [tokenizerName, tokenizer] of TOKENIZERS) {
      const all = constraints(tokenizer);
      for (let round = 0; round < 4; round++) {
        const { text, complete } = generate(tokenizer, all.jsonSchema(schema), [SEED, name, tokenizerName, round]);
        if (!complete) continue;
        completed++;
        const valid = validate(JSON.parse(text));
        assert.ok(valid, `${tokenizerName}: ${text}: ${JSON.stringify(validate.errors)}`);
      }
    }
    assert.ok(completed >= 4, `only ${completed} of 8 texts came to an end`);
  });
}

Deno.test("`jsonObject()` allows any object and nothing else", () => {
  const stream = random(SEED, "objects");
  const value = (depth: number): unknown => {
    const kind = stream.int(depth > 3 ? 4 : 6);
    if (kind === 0) return stream.pick([null, true, false]);
    if (kind === 1) return stream.int(2000) - 1000;
    if (kind === 2) return stream.normal() * 10 ** stream.between(-9, 9);
    if (kind === 3) {
      return Array.from({ length: stream.int(6) }, () => stream.pick([...'ab"\\\n\u0001é漢🙂\u2028/'])).join("");
    }
    if (kind === 4) return Array.from({ length: stream.int(4) }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: stream.int(4) }, (_, i) => [`k${i}"`, value(depth + 1)]));
  };
  for (let round = 0; round < 30; round++) {
    const one = { a: value(0) };
    for (const space of [undefined, 2, "\t"]) {
      const text = JSON.stringify(one, null, space);
      assert.ok(allows(BY_BYTE.jsonObject(), text), text);
      assert.ok(!allows(BY_BYTE.jsonObject(), text.slice(0, -1)));
    }
  }
  const spaced = '{ "a": [1, 2, {"b": "\\u00e9\\ud83d\\ude00\\/"}], "c": -0.5E+3 }';
  assert.ok(allows(BY_BYTE.jsonObject(), spaced));
  for (const text of ["1", "[]", "{,}", '{"a"}', '{"a":01}', '{"a":1,}', '{"a":"\n"}', '{"a":"\\ud83d"}', "{}}"]) {
    assert.ok(!allows(BY_BYTE.jsonObject(), text), text);
  }
});

Deno.test("what a schema excludes is not allowed", () => {
  const cases: readonly (readonly [unknown, readonly string[], readonly string[]])[] = [
    [SCHEMAS["others after named ones"], ['{"name":1}', '{"name":1,"nam":true}', '{"name": 1, "naive":1, "x": true}'], [
      '{"name":1,"name":true}',
      '{"name":1,"nam\\u0065":true}',
      '{"name":1,"naive":2}',
      "{}",
    ]],
    [SCHEMAS["a map"], ['{"a":1}', '{"a":1,"b":2,"c":3}'], ["{}", '{"a":1,"b":2,"c":3,"d":4}', '{"a":true}']],
    [SCHEMAS["counted"], ['{"a":1,"c":3}', '{"b":2,"c":3,"d":4}'], ['{"d":4}', '{"a":1,"b":2,"c":3,"d":4}', "{}"]],
    [{ type: "string", minLength: 2, maxLength: 2 }, ['"🙂é"', '"\\n\\ud83d\\ude42"'], ['"a"', '"abc"', '"\\ud83d"']],
    [{ properties: { a: {} } }, ['{"a":1}', "{}"], ["1", '{"b":1}']],
    [TREE, ['{"value":1,"children":[{"value":2,"children":[]}]}'], ['{"value":1,"children":[{}]}']],
  ];
  for (const [schema, valid, invalid] of cases) {
    for (const text of valid) assert.ok(allows(BY_BYTE.jsonSchema(schema), text), `${text} is valid`);
    for (const text of invalid) assert.ok(!allows(BY_BYTE.jsonSchema(schema), text), `${text} is not valid`);
  }
});

Deno.test("recursion has no limit of depth", () => {
  const depth = 200;
  const text = '{"next":'.repeat(depth) + "null" + "}".repeat(depth);
  assert.ok(allows(BY_BYTE.jsonSchema(SCHEMAS["a list by reference to the root"]), text));
  assert.ok(allows(BY_BYTE.jsonSchema({}), "[".repeat(depth) + "]".repeat(depth)));
});

Deno.test("what is not supported, contradictory or malformed is refused by name and place", () => {
  const refused: readonly (readonly [unknown, string, RegExp])[] = [
    [{ not: {} }, "schema", /at #, the keyword "not" is not supported/],
    [object({ a: { uniqueItems: true } }), "schema", /at #\/properties\/a, the keyword "uniqueItems"/],
    [{ patternProperties: {} }, "schema", /"patternProperties"/],
    [{ type: "string", format: "idn-email" }, "schema", /the format "idn-email" is not supported/],
    [{ type: "string", pattern: "b(?=a)" }, "pattern", /lookahead/],
    [{ type: "string", pattern: "^\\1$" }, "pattern", /malformed: .*\\1/],
    [{ $ref: "other.json" }, "schema", /\$ref cannot be "other.json"/],
    [{ $ref: "#/$defs/x" }, "schema", /there is nothing at #\/\$defs\/x/],
    [{ $ref: "#" }, "schema", /refers to itself without an end/],
    [{ anyOf: [{ $ref: "#" }, { type: "null" }] }, "schema", /refers to itself without an end/],
    [{ oneOf: [{ type: "integer" }, { type: "number" }] }, "schema", /a value may satisfy both 0 and 1 of oneOf/],
    [{ type: "number", multipleOf: 0.1 }, "schema", /multipleOf 0.1 is not supported/],
    [{ type: "object", additionalProperties: {}, minProperties: 3 }, "schema", /minProperties 3 is not supported/],
    [{ enum: [{}], properties: { a: {} } }, "schema", /enum and const of the type object/],
    [{ type: "text" }, "schema", /type cannot be "text": expected one or more of null/],
    [{ minLength: -1 }, "schema", /minLength cannot be -1: expected a whole number/],
    [{ exclusiveMinimum: true }, "schema", /exclusiveMinimum cannot be true: expected a number/],
    [{ anyOf: [] }, "schema", /anyOf cannot be \[\]: expected a list/],
    [{ properties: { a: 1 } }, "schema", /at #\/properties\/a, a schema is an object or a boolean, not 1/],
    [[], "schema", /at #, a schema is an object or a boolean, not \[\]/],
    [false, "empty", /No text satisfies/],
    [{ type: "integer", minimum: 2, maximum: 1 }, "empty", /No text satisfies/],
    [object({ a: { $ref: "#" } }, { required: ["a"] }), "empty", /No text satisfies/],
    [{ type: "string", pattern: "^a$", minLength: 2 }, "empty", /No text satisfies/],
    [{ type: "string", pattern: "^a{90000}$", maxLength: 100_000 }, "too-large", /more than 100,000 states/],
  ];
  for (const [schema, code, message] of refused) {
    const error = { name: "UserError", code: `constraint.${code}`, message };
    assert.throws(() => BY_BYTE.jsonSchema(schema), error, JSON.stringify(schema));
  }
});

Deno.test("schemas that would take too long or too much memory are refused at once", () => {
  const pairs = Array.from({ length: 24 }, (_, i) => ({ anyOf: [{ minimum: i % 12 }, { maximum: 1 + i % 2 }] }));
  /** Definitions of which each uses the next one twice. */
  const doubling = (keyword: string, last: unknown) => ({
    $ref: "#/$defs/0",
    $defs: Object.fromEntries(Array.from({ length: 41 }, (_, i) => {
      const next = { $ref: `#/$defs/${i + 1}` };
      return [i, i === 40 ? last : { [keyword]: [next, next] }];
    })),
  });
  const chain = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i, { $ref: `#/$defs/${i + 1}` }]));
  const around = (open: string, close: string, depth: number) =>
    JSON.parse(open.repeat(depth) + "{}" + close.repeat(depth));
  const TOO_MANY = /too many combinations of alternatives/;
  const TOO_DEEP = /nested in each other more than 500 levels deep/;
  const TOO_LARGE = /more than 20,000 values/;
  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ["allOf of anyOf", { type: "integer", allOf: pairs }, TOO_MANY],
    ["allOf of oneOf", { allOf: pairs.map(() => ({ oneOf: [{ type: "null" }, { type: "string" }] })) }, TOO_MANY],
    ["oneOf", { oneOf: Array.from({ length: 4000 }, (_, i) => ({ const: i })) }, TOO_MANY],
    ["properties", { allOf: pairs.map((one) => object({ a: one })) }, TOO_MANY],
    ["anyOf twice", doubling("anyOf", {}), TOO_MANY],
    ["anyOf of nothing", doubling("anyOf", false), TOO_MANY],
    ["allOf twice", doubling("allOf", { minimum: 1 }), TOO_MANY],
    ["a chain", { $ref: "#/$defs/0", $defs: { ...chain, 5000: {} } }, /more than 500 of \$ref, allOf, anyOf and oneOf/],
    ...[501, 10_000, 50_000].flatMap((depth): [string, unknown, RegExp][] => [
      [`${depth} items`, around('{"type":"array","items":', "}", depth), TOO_DEEP],
      [`${depth} anyOf`, around('{"anyOf":[', "]}", depth), TOO_DEEP],
      [`${depth} lists`, { const: around("[", "]", depth) }, TOO_DEEP],
    ]),
    ["enum", { enum: Array.from({ length: 100_000 }, (_, i) => `name ${i}`) }, TOO_LARGE],
    ["names", object(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`a${i}`, {}]))), TOO_LARGE],
  ];
  for (const [name, schema, message] of refused) {
    assert.throws(() => BY_BYTE.jsonSchema(schema), { name: "UserError", code: "constraint.schema", message }, name);
  }
  const deepest = around('{"type":"array","items":', "}", 499);
  assert.ok(allows(BY_BYTE.jsonSchema(deepest), "[".repeat(499) + "1" + "]".repeat(499)));
});
