// No shown text can move the cursor, hide itself or reverse the direction of text.
import assert from "node:assert/strict";
import { UserError } from "../../../lib/errors.ts";
import { beginRun, shellLine } from "../../../lib/run/mod.ts";
import { endingOf } from "../../../lib/run/command-line/main-function.ts";
import { showCommand } from "../../../lib/cli/show.ts";
import { jsonLine, printable, printableLines } from "../../../lib/run/view/mod.ts";
import { options, withFolder } from "../fixtures.ts";

/** Every character of Unicode's categories for controls and separators of lines, and its marks for direction. */
const unsafe = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code))
  .filter((character) => /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(character));

Deno.test("`printable()` replaces every character that a terminal would obey, and no other", () => {
  assert.ok(unsafe.length > 70);
  for (const character of unsafe) {
    const shown = printable(`a${character}b`);
    assert.equal(shown, character === "\t" || character === "\n" ? "a b" : "a\ufffdb", JSON.stringify(character));
  }
  // Emoji that are joined, marks of other scripts, and text from right to left stay.
  for (const text of ["é ü 日本語", "👩‍👩‍👧", "נ שלום", "क्‍ष", "a\u200db"]) assert.equal(printable(text), text);
  assert.equal(printableLines("a\n  b\u202e\tc"), "a\n  b\ufffd c");
});

Deno.test("`jsonLine()` writes those characters as escapes, and reads back as the same value", () => {
  const value = { [`key${unsafe.join("")}`]: unsafe };
  const line = jsonLine(value);
  assert.ok(unsafe.every((character) => !line.includes(character)));
  assert.deepEqual(JSON.parse(line), value);
});

Deno.test("a shown command has none of those characters, and a shell still reads the same words", async () => {
  // A word of a command cannot hold a zero.
  const words = unsafe.filter((character) => character !== "\0").map((character) => `x${character}y`);
  const line = shellLine(words);
  assert.ok(unsafe.every((character) => character === "\n" || !line.includes(character)));
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\0' ${line}`] }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});

Deno.test("`show` and error messages let no such character reach the terminal", () =>
  withFolder(async (folder) => {
    const evil = `a${unsafe.join("")}b`;
    const run = await beginRun(options(folder, {
      title: evil,
      preset: evil,
      device: evil,
      command: ["bts", evil],
      plan: [{ cell: evil, title: evil }],
    }));
    run.note(evil, "warning");
    run.fail(new UserError("x.y", evil, evil));
    let text = "";
    await showCommand([run.id, "--runs", folder, "--tables"], (piece) => text += piece);
    assert.ok(unsafe.every((character) => character === "\n" || !text.includes(character)), JSON.stringify(text));
    const { message } = endingOf(new UserError("x.y", evil, evil));
    assert.ok(unsafe.every((character) => character === "\n" || !message.includes(character)));
  }));
