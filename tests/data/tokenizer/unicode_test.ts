// Every character is what it is to Python's tokenizers, whose parts know several versions of Unicode.
import assert from "node:assert/strict";
import { recipeOf } from "../../../lib/data/tokenizer/recipe.ts";
import { toNfc } from "../../../lib/data/tokenizer/unicode.ts";
import { optionalTest, python } from "../../optional.ts";

/** All but most of the characters of large blocks, and those without a use. */
const CHARACTERS = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) =>
    code % 256 === 0 ||
    !((code > 0x3400 && code < 0x9f00) || (code > 0xac00 && code < 0xd7a0) || (code > 0xd7ff && code < 0xf900) ||
      (code > 0x17000 && code < 0x18700) || (code > 0x20000 && code < 0x2f800) || (code > 0x30000 && code < 0xe0000) ||
      code > 0xe1000)
  )
  .map((code) => String.fromCodePoint(code)).filter((character) => character.isWellFormed());

/** Characters per text: Python's library takes quadratic time. */
const CHUNK = 2000;
const chunks = Array.from(
  { length: Math.ceil(CHARACTERS.length / CHUNK) },
  (_, i) => CHARACTERS.slice(i * CHUNK, (i + 1) * CHUNK),
);

/** Each character between marks of the least and the greatest classes, twice, and before a mark that letters join with. */
const MARKED = chunks.map((some) => some.map((c) => `a${c}\u0334 a\u0345${c} ${c}${c} ${c}\u0307 `).join(""));
/** Between characters of no category in question. */
const SEPARATED = chunks.map((some) => `\ue123${some.join("\ue123")}\ue123`);

const CATEGORIES = [
  "\\p{L}",
  "\\p{N}",
  "\\p{M}",
  "\\p{P}",
  "\\p{S}",
  "\\p{Lu}",
  "\\p{Ll}",
  "\\p{Lt}",
  "\\p{Lm}",
  "\\p{Lo}",
]
  .concat(["\\s", "\\d", "(?i:s)", "(?i:k)", "(?i:i|l|d|m|t|r|e|v)"]);
const splitters = [
  { type: "Digits", individual_digits: true },
  ...CATEGORIES.map((Regex) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false })),
];

optionalTest("python-tokenizers", "each character normalizes and splits as in Python's tokenizers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/job.json`, JSON.stringify({ MARKED, SEPARATED, splitters }));
    await Deno.writeTextFile(`${folder}/check.py`, PYTHON);
    const { nfc, pieces }: { nfc: string[]; pieces: number[][] } = JSON.parse(python(["check.py"], folder));
    for (const [i, text] of MARKED.entries()) assert.equal(toNfc(text), nfc[i]);
    for (const [k, splitter] of splitters.entries()) {
      const { split } = recipeOf(null, splitter);
      const ours = SEPARATED.flatMap((text) => split(text, true).filter((piece) => !piece.includes("\ue123")));
      const theirs = pieces[k]!.map((code) => String.fromCodePoint(code));
      assert.ok(theirs.length > 0);
      assert.deepEqual(ours, theirs, JSON.stringify(splitter));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const PYTHON = `
import json
from tokenizers import Tokenizer, models, normalizers
job = json.load(open("job.json"))
nfc = normalizers.NFC()
whole = json.loads(Tokenizer(models.BPE()).to_str())
pieces = []
for splitter in job["splitters"]:
    pre = Tokenizer.from_str(json.dumps({**whole, "pre_tokenizer": splitter})).pre_tokenizer
    pieces.append([ord(piece) for text in job["SEPARATED"] for piece, _ in pre.pre_tokenize_str(text)
                   if "\\ue123" not in piece])
print(json.dumps({"nfc": [nfc.normalize_str(text) for text in job["MARKED"]], "pieces": pieces}))
`;
