// Texts from constraints and a model that knows nothing, for tests.
import assert from "node:assert/strict";
import { openTokenizer, sentencePieceJson, type Tokenizer, trainTokenizer } from "../../../lib/data/mod.ts";
import { sampler, type TokenConstraint } from "../../../lib/infer/mod.ts";
import { random } from "../../../lib/random.ts";

const TEXTS = [
  '{"name": "Ada", "age": 36, "tags": ["a", "b"], "nested": {"x": -1.5e3, "y": null}}',
  '[{"id": 1, "ok": true}, {"id": 20, "ok": false}]\n{\n  "kind": "circle",\n  "radius": 2.25\n}',
  "naïve café 漢字 🙂 2024-02-29T12:34:56Z ada@example.org 192.168.0.1",
];

/** Byte-level BPE: tokens that span the borders of JSON's tokens, and parts of characters. */
export const BYTE_LEVEL = openTokenizer(trainTokenizer(TEXTS, { vocabSize: 420 }));

/** SentencePiece with byte fallback: pieces, and `<0x00>` to `<0xFF>`. */
export const SENTENCE_PIECE = (() => {
  const specials = ["<unk>", "<s>", "</s>"];
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const words = [
    "▁",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '":',
    '",',
    '"}',
    '{"',
    "},",
    "]}",
    "▁a",
    "▁the",
    "é",
    "漢",
    "12",
  ];
  const more = [
    ..."0123456789abcdefghijklmnopqrstuvwxyz-.TZ",
    "true",
    "false",
    "null",
    '":▁"',
    "▁▁",
    '▁{"',
    "e-",
    "name",
  ];
  return openTokenizer(sentencePieceJson({
    addedTokens: specials.map((content, id) => ({ id, content, special: true, normalized: false })),
    addsSpace: true,
    postProcessor: null,
    pieces: [...specials, ...bytes, ...words, ...more].map((piece, i) => ({ piece, score: -i })),
    unknown: "<unk>",
    byteFallback: true,
  }));
})();

export const TOKENIZERS: readonly (readonly [string, Tokenizer])[] = [["BPE", BYTE_LEVEL], [
  "SentencePiece",
  SENTENCE_PIECE,
]];

export interface Generated {
  readonly text: string;
  /** Whether the text came to its end. */
  readonly complete: boolean;
}

/**
 * Draws tokens from random logits, in which what closes values becomes more likely as the text grows. Every token that
 * may come has text, or ends the text.
 */
export function generate(
  tokenizer: Tokenizer,
  constraint: TokenConstraint,
  key: readonly (string | number)[],
  maxTokens = 300,
): Generated {
  const stream = random(...key as [number, ...string[]]);
  const V = tokenizer.vocabSize;
  const closing = Array.from(
    { length: V },
    (_, id) => /^["}\]]/.test(tokenizer.decode([id])) || id === tokenizer.endOfText,
  );
  const { next } = sampler({ seed: stream.uint32() }, { vocabSize: V, prompt: [], constraint });
  const ids: number[] = [];
  const logits = new Float32Array(V);
  // A token of a text that has begun, which no decoder changes.
  const before = tokenizer.encode("x");
  const text = () => tokenizer.decode([...before, ...ids]).slice(1);
  for (let i = 0; i < maxTokens; i++) {
    if (constraint.complete) return { text: text(), complete: true };
    for (let id = 0; id < V; id++) logits[id] = stream.float() * 6 + (closing[id] ? i / 6 : 0);
    const id = next(logits);
    assert.ok(logits.some((logit) => logit > -Infinity), `a dead end after ${text()}`);
    if (id !== tokenizer.endOfText) ids.push(id);
  }
  return { text: text(), complete: false };
}

/** Whether a constraint allows a text as a whole, byte by byte. */
export function allows(constraint: TokenConstraint, whole: string): boolean {
  for (const byte of new TextEncoder().encode(whole)) {
    const logits = new Float32Array(257);
    constraint.apply(logits);
    if (logits[byte] !== 0) return false;
    constraint.accept(byte);
  }
  const logits = new Float32Array(257);
  constraint.apply(logits);
  return constraint.complete || logits[256] === 0;
}

/** Every byte is a token; 256 ends a text. */
export const BYTES = {
  vocabSize: 257,
  endOfText: 256,
  bytes: (id: number) => id < 256 ? Uint8Array.of(id) : undefined,
};
