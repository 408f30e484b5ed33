// Text in the colors of the models that speak.
import assert from "node:assert/strict";
import { checkGates, gateColors } from "../../lib/cli/gate-colors.ts";
import { UserError } from "../../lib/errors.ts";
import type { ModelGates } from "../../lib/infer/mod.ts";

const GATES: ModelGates = {
  places: [
    { title: "stitch 1 (H2E) after layer 1", models: [1, 2], shares: false },
    { title: "stitch 2 (E2H) after layer 2", models: [0, 1, 2], shares: true },
  ],
  models: [
    { name: "seed", color: "#808080" },
    { name: "expert:code", color: "#0087ff" },
    { name: "expert:math", color: "#ff0000" },
  ],
  switchable: [1, 2],
};

function paintAll(colored: boolean): { text: string; legend: string } {
  const colors = gateColors(GATES, colored);
  const tokens: readonly (readonly [string, number[]])[] = [
    ["let ", [0.2, 0.7, 0.1]],
    ["x", [0.6, 0.3, 0.1]],
    ["", [0.1, 0.8, 0.1]], // a part of a character
    ["=", [0.4, 0.4, 0.2]], // the first among equals
  ];
  const text = tokens.map(([text, shares]) => colors.paint(text, [[0.9, 0.9], shares])).join("") + colors.paint("!");
  return { text, legend: colors.legend() };
}

Deno.test("`gateColors()` writes plain text and shares where there are no colors", () => {
  assert.deepEqual(paintAll(false), { text: "let x=!", legend: "■ Seed 50 %  ■ code expert 50 %  ■ math expert 0 %" });
  assert.equal(gateColors(GATES, false).legend(), "■ Seed 0 %  ■ code expert 0 %  ■ math expert 0 %");
});

Deno.test("`gateColors()` colors each token by the model with the largest gate of the last place", () => {
  const before = Deno.env.get("COLORTERM");
  try {
    Deno.env.set("COLORTERM", "truecolor");
    const [seed, code] = ["\x1b[38;2;128;128;128m", "\x1b[38;2;0;135;255m"];
    const { text, legend } = paintAll(true);
    assert.equal(text, `${code}let \x1b[39m${seed}x\x1b[39m${seed}=\x1b[39m${seed}!\x1b[39m`);
    assert.ok(legend.startsWith(`${seed}■\x1b[39m Seed 50 %  ${code}■\x1b[39m code expert`), JSON.stringify(legend));
    Deno.env.delete("COLORTERM");
    // Gray is level 2 of 5 in each channel; the blue and the red are in the cube.
    assert.ok(paintAll(true).text.startsWith("\x1b[38;5;33mlet \x1b[39m\x1b[38;5;102mx"));
    assert.ok(paintAll(true).legend.includes("\x1b[38;5;196m■"));
  } finally {
    if (before === undefined) Deno.env.delete("COLORTERM");
    else Deno.env.set("COLORTERM", before);
  }
});

Deno.test("`checkGates()` says which models have gates", () => {
  checkGates({ gates: GATES, name: "bts", source: "a-run" });
  assert.throws(
    () => checkGates({ gates: undefined, name: "seed", source: "a-run" }),
    (error) =>
      error instanceof UserError && /^seed weighs no other models/.test(error.message) && /bts/.test(error.hint!),
  );
});
