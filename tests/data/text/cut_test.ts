// Cutting text: nothing is lost, limits hold, the best places are used, in linear time.
import assert from "node:assert/strict";
import { byteLength } from "../../../lib/data/batches/tokenize.ts";
import { cutText, cutToSize, PIECE_CHARACTERS, textCutter, tidy } from "../../../lib/data/text/cut.ts";
import { random } from "../../../lib/random.ts";

const visible = (text: string) => text.replaceAll(/\s+/g, "");

/** Texts that are one long line, of different kinds. */
const LINES: Readonly<Record<string, string>> = {
  "words without capitals or stops": Array.from({ length: 20_000 }, (_, i) => `w${i * 7919 % 1000}`).join(" "),
  "Chinese": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心！是吗？".repeat(900),
  "Chinese without stops": "人人生而自由，在尊严和权利上一律平等，".repeat(900),
  "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม ".repeat(300),
  "Thai without blanks": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ".repeat(300),
  "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।".repeat(300),
  "emoji": "👩‍👩‍👧🙂".repeat(4000),
  "one letter": "a".repeat(30_000),
};

for (const [what, line] of Object.entries(LINES)) {
  Deno.test(`\`cutText()\` cuts one long line of ${what}`, () => {
    const pieces = cutText(line);
    assert.ok(pieces.length > 3);
    assert.equal(visible(pieces.join("")), visible(line));
    for (const piece of pieces) {
      assert.ok(piece.length <= PIECE_CHARACTERS && piece.isWellFormed());
      assert.doesNotMatch(piece, /^[\p{M}\u200d]/u);
    }
    // All pieces but the last are more than half full.
    for (const piece of pieces.slice(0, -1)) assert.ok(piece.length > PIECE_CHARACTERS / 2, String(piece.length));
  });
}

Deno.test("`cutText()` cuts at the best places available", () => {
  const ends = (text: string) => cutText(text).slice(0, -1).map((piece) => piece.at(-1));
  assert.ok(ends(LINES["Chinese"]!).every((end) => "。！？".includes(end!)));
  assert.ok(ends("他说：「人人生而自由。」然后走了。".repeat(900)).every((end) => "。」".includes(end!)));
  assert.ok(ends(LINES["Chinese without stops"]!).every((end) => end === "，"));
  assert.ok(ends(LINES["Hindi"]!).every((end) => end === "।"));
  assert.ok(cutText(LINES["words without capitals or stops"]!).every((piece) => /^w\d+.* w\d+$/.test(piece)));
  const paragraphs = Array.from({ length: 9 }, (_, i) => `P${i}. ${"Some more. ".repeat(200)}`.trim());
  assert.deepEqual(cutText(paragraphs.join("\n\n")), paragraphs);
});

Deno.test("`cutText()` trims blank lines before a piece and whitespace after it, but keeps indentation", () => {
  assert.deepEqual(cutText("\n \n  indented\n\t\n"), ["  indented"]);
  assert.deepEqual(cutText(" \n\t\n"), []);
  for (const text of ["a", " a", "\n a \n", "\ufeff\n\u2003b\u2028", "\r\n\r\n  x\r\n"]) {
    assert.equal(tidy(text), text.replace(/^\s*\n|\s+$/g, ""), JSON.stringify(text));
  }
});

Deno.test("`cutText()` takes linear time for a million blanks, or other characters, in a row", () => {
  // In quadratic time, each of these would take half an hour.
  const prose = "Some words. ".repeat(500);
  for (const run of [" ", "\t", " \n", "\n", "\r\n", "\u00a0", "。", ".", "!", "\u0301", " .", "A ", '"', "\ufeff"]) {
    const text = `${prose}${run.repeat(Math.ceil(1_000_000 / run.length))}${prose}`;
    assert.equal(visible(cutText(text).join("")), visible(text));
  }
});

Deno.test("`textCutter()` gives the same pieces however the text arrives; at paragraphs, those of the whole text", () => {
  const stream = random(1, "cutter");
  const paragraph = () => Array.from({ length: stream.between(1, 120) }, () => stream.pick(["one", "Two."])).join(" ");
  const text = Array.from({ length: 400 }, paragraph).join("\n\n");
  const arrive = (sizes: () => number, window: number) => {
    const cutter = textCutter(window);
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const size = sizes();
      pieces.push(...cutter.push(text.slice(at, at + size)));
      at += size;
    }
    return [...pieces, ...cutter.end()];
  };
  for (const window of [6000, 20_000]) {
    const pieces = arrive(() => 1000, window);
    assert.deepEqual(arrive(() => stream.between(1, 9000), window), pieces);
    assert.deepEqual(pieces, cutText(text));
  }
  // A window within a paragraph ends at the next best place.
  const cutter = textCutter(3000);
  const line = LINES["words without capitals or stops"]!;
  const pieces = [...cutter.push(line), ...cutter.end()];
  assert.equal(visible(pieces.join("")), visible(line));
  assert.ok(pieces.every((piece) => /^w\d+.* w\d+$/.test(piece)));
});

Deno.test("`cutToSize()` keeps every part within the limit and loses only whitespace", () => {
  for (const text of [...Object.values(LINES), "Short. Text.\n\nTwo paragraphs.\n".repeat(400)]) {
    for (const limit of [40, 1000, 16_384]) {
      const parts = cutToSize(text, limit, byteLength);
      assert.ok(parts.every((part) => byteLength(part) <= limit));
      assert.equal(visible(parts.join("")), visible(text));
    }
  }
  assert.deepEqual(cutToSize("世", 1, byteLength), ["世"]); // a character stays whole
});
