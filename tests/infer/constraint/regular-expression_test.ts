// Regular expressions against JavaScript's own, and the refusal of what is not regular.
import assert from "node:assert/strict";
import { constraints } from "../../../lib/infer/mod.ts";
import { random } from "../../../lib/random.ts";
import { allows, BYTES, generate, TOKENIZERS } from "./generate.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

const PATTERNS = [
  "abc",
  "a|bc|",
  "(a|b)*c?",
  "[a-c]+[^a-c]{2,4}",
  "(?:ab?){2}c{0,3}",
  "(a*)*b",
  "(a|ab)(c|bcd)*",
  "\\d{1,3}(\\.\\d+)?",
  "[^\\d\\s]\\w\\W",
  ".é?",
  "\\p{L}+\\P{L}",
  "[\\u{1F600}-\\u{1F64F}漢]+",
  "^a|b$",
  "^(a|^b)c$",
  "a$|^ab(c|$)",
  "(^|a)b($|c)",
  "x(?<name>y)z",
  "\\x41\\t?\\u00e9",
  "a{3}|b{2,}",
  "(?!ab)[abc]+",
  "^(?!a)(?=.*c)(?!.*bb)[abc]*",
  "(?=a{2}$|b)[ab]*",
];

Deno.test("a text is allowed if JavaScript's expression matches it as a whole", () => {
  for (const source of PATTERNS) {
    const pattern = new RegExp(`^(?:${source})$`, "u");
    const all = constraints(BYTES);
    for (let round = 0; round < 120; round++) {
      const stream = random(SEED, source, round);
      const alphabet = [..."aaabbbcc1.- éA漢🙂😀xyz\n\t_@"];
      const text = Array.from({ length: stream.int(7) }, () => stream.pick(alphabet)).join("");
      assert.equal(
        allows(all.regularExpression(source), text),
        pattern.test(text),
        `${source} on ${JSON.stringify(text)}`,
      );
    }
  }
});

Deno.test("generated texts match, with every kind of tokenizer", () => {
  for (const [name, tokenizer] of TOKENIZERS) {
    const all = constraints(tokenizer);
    let completed = 0;
    for (const source of PATTERNS) {
      const pattern = new RegExp(`^(?:${source})$`, "u");
      for (let round = 0; round < 5; round++) {
        const { text, complete } = generate(tokenizer, all.regularExpression(source), [SEED, name, source, round], 60);
        if (!complete) continue;
        completed++;
        assert.match(text, pattern, `${name}: ${source}`);
      }
    }
    assert.ok(completed > 4 * PATTERNS.length, `${completed} of ${5 * PATTERNS.length} came to an end`);
  }
});

Deno.test("a text may end exactly where it is complete, and must where nothing can follow", () => {
  const constraint = constraints(BYTES).regularExpression("ab?");
  const allowed = () => {
    const logits = new Float32Array(257);
    constraint.apply(logits);
    return Array.from(logits.keys()).filter((id) => logits[id] === 0);
  };
  assert.deepEqual(allowed(), [97]);
  assert.throws(() => constraint.accept(256), /may not come here/);
  constraint.accept(97);
  assert.deepEqual([allowed(), constraint.complete], [[98, 256], false]);
  constraint.accept(98);
  assert.deepEqual([allowed(), constraint.complete], [[256], true]);
});

Deno.test("without tokens for some bytes, only texts without them are possible", () => {
  const ascii = { ...BYTES, bytes: (id: number) => id < 128 ? Uint8Array.of(id) : undefined };
  const all = constraints(ascii);
  assert.equal(allows(all.regularExpression("a(é|b)"), "ab"), true);
  assert.equal(allows(all.regularExpression("a(é|b)"), "aé"), false);
  assert.throws(() => all.regularExpression("aé"), { name: "UserError", code: "constraint.empty" });
});

Deno.test("what is malformed, not regular or too large is refused by name", () => {
  const all = constraints(BYTES);
  for (
    const [source, message] of [
      ["a(", /malformed: .*Unterminated group/],
      // The old syntax, without the flag `u`, gives these other meanings.
      ["^\\1$", /malformed: .*\\1.*escape/i],
      ["^\\k<x>$", /malformed: .*\\k<x>.*named/i],
      ["^\\p{Nope}$", /malformed: .*\\p\{Nope\}.*property name/i],
      ["^\\c$", /malformed: .*\\c.*escape/i],
      ["^\\07$", /malformed: .*\\07.*escape/i],
      ["^\\_$", /malformed: .*\\_.*escape/i],
      ["^[\\d-z]$", /malformed: .*\[\\d-z\].*class/i],
      ["^a{1$", /malformed: .*a\{1.*quantifier/i],
      ["^]$", /malformed: .*\].*/i],
      ["(a)\\1", /the backreference \\1 is not supported/],
      ["b(?=a)", /the lookahead \(\?=a\) is not supported/],
      ["(?<!a)b", /the lookbehind \(\?<!a\) is not supported/],
      ["a\\b", /the word boundary \\b is not supported/],
      ["(?i:a)", /the modifiers in \(\?i:a\) is not supported/],
    ] as const
  ) {
    assert.throws(() => all.regularExpression(source), { name: "UserError", code: "constraint.pattern", message });
  }
  for (const [source, message] of [["(", /malformed/], ["\\b", /not supported/], ["(?=x)", /not supported/]] as const) {
    const long = `${"🙂".repeat(5000)}${source}`;
    assert.throws(() => all.regularExpression(long), (error: Error) => {
      assert.match(error.message, message);
      assert.ok(error.message.length < 300 && error.message.isWellFormed(), error.message);
      return true;
    });
  }
  const nested = (depth: number) => all.regularExpression("(".repeat(depth) + "[(]\\(" + ")".repeat(depth));
  assert.ok(allows(nested(500), "(("));
  for (const depth of [501, 5000, 50_000]) {
    const message = "The regular expression cannot be used: groups are nested in each other more than 500 levels deep";
    assert.throws(() => nested(depth), { name: "UserError", code: "constraint.pattern", message });
  }
  assert.throws(() => all.regularExpression("((a{100}){100}){100}"), {
    name: "UserError",
    code: "constraint.too-large",
  });
  assert.throws(() => all.regularExpression("[^\\s\\S]"), { name: "UserError", code: "constraint.empty" });
});
