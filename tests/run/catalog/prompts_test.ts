// Prompts that are kept beside a run.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { keepPrompt, type Prompt, readPrompts } from "../../../lib/run/catalog/prompts.ts";
import { withFolder } from "../fixtures.ts";

const PROMPT: Prompt = {
  prompt: "let x = <b>1</b>",
  chat: false,
  temperature: 0.5,
  maxTokens: 8,
  seed: 3,
  answers: [{
    model: "bts",
    without: "expert:code",
    pieces: [{ text: ";\n", gates: [[0.25, 0.75]] }, { text: "", gates: null }],
    gates: {
      models: [{ name: "seed", color: "#7b8794" }, { name: "expert:code", color: "#3a7fd5" }],
      places: [{ title: "stitch 1 (E2H) after layer 2", models: [0, 1], shares: true }],
    },
    tokens: 2,
    seconds: 0.5,
    finish: "length",
  }],
};

Deno.test("`readPrompts()` gives the newest prompts that `keepPrompt()` kept, past damaged lines", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await readPrompts(folder), []);
    for (let i = 0; i < 40; i++) keepPrompt(folder, { ...PROMPT, seed: i });
    await Deno.writeTextFile(join(folder, "prompts.jsonl"), '{"time":', { append: true });
    const last = keepPrompt(folder, { ...PROMPT, seed: 40 }); // on a line of its own
    const kept = await readPrompts(folder);
    assert.deepEqual(kept.at(-1), last);
    assert.deepEqual(kept.map(({ seed }) => seed), Array.from({ length: 29 }, (_, i) => 12 + i));
    const { time: _, ...rest } = last;
    assert.deepEqual(rest, { ...PROMPT, seed: 40 });
  }));

Deno.test("`keepPrompt()` says when the folder cannot be written", () =>
  withFolder((folder) => {
    const refused = (error: unknown) => error instanceof UserError && error.code === "prompts.write";
    assert.throws(() => keepPrompt(join(folder, "none"), PROMPT), refused);
    return Promise.resolve();
  }));
