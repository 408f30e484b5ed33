// The built-in code.
import assert from "node:assert/strict";
import { codeDocuments } from "../../../lib/data/builtin/code.ts";

Deno.test("built-in code excludes the message table and duplicate files, and is cut only between lines", async () => {
  const documents = await codeDocuments();
  const whole = documents.map(({ text }) => text).join("\n");
  assert.ok(!whole.includes("Unterminated string literal."));
  assert.ok(!documents.some(({ id }) => /_tsc\.js|webworker/.test(id)));
  const sizes = documents.map((document) => document.text.length).sort((a, b) => a - b);
  assert.ok(sizes[Math.floor(sizes.length / 2)]! > 1000 && sizes[Math.floor(sizes.length * 0.99)]! <= 4100);
  assert.ok(whole.includes("function createScanner(") && whole.includes("interface HTMLCanvasElement extends"));
});
