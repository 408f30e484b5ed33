// Commands that do not exist.
import assert from "node:assert/strict";
import { unknownCommand } from "../../../lib/run/command-line/commander.ts";

Deno.test("`unknownCommand()` suggests the nearest command", () => {
  const error = unknownCommand("shwo", ["bts", "show", "ls"]);
  assert.match(error.message, /Unknown command "shwo": expected one of bts, show, ls/);
  assert.equal(error.hint, "did you mean show?");
});
