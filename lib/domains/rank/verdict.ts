// What a ranking came to, in words.
import type { Choice } from "./choice.ts";
import type { ProbeGains } from "./gains.ts";
import { rankRanges, rankText } from "./ranks.ts";

/**
 * What was chosen, which of it may add nothing, and which ranks overlap: `chosen: math, code (code may add nothing); ranks
 * that cannot be told apart: math (1–2), code (1–2)`.
 */
export function rankingText({ own }: Pick<ProbeGains, "own">, { steps }: Pick<Choice, "steps">): string {
  return [choiceText(steps), overlapText(own)].filter((text) => text !== undefined).join("; ");
}

function choiceText(steps: Choice["steps"]): string {
  if (steps.length === 0) return "no candidate gains anything";
  // In a draw that adds nothing, a gain is exactly 0.
  const unsure = steps.filter(({ added }) => added.low <= 0).map(({ candidate }) => candidate);
  const who = unsure.length > 1 && unsure.length === steps.length ? "each" : unsure.join(", ");
  const doubt = unsure.length === 0 ? "" : ` (${who} may add nothing)`;
  return `chosen: ${steps.map(({ candidate }) => candidate).join(", ")}${doubt}`;
}

function overlapText(own: ProbeGains["own"]): string | undefined {
  const texts = rankRanges(own).map(rankText);
  const shared = own.toSorted((a, b) => b.value - a.value).map(({ candidate }) => candidate)
    .map((candidate) => ({ candidate, text: texts[own.findIndex((one) => one.candidate === candidate)]! }))
    .filter(({ text }) => text.includes("–"));
  if (shared.length === 0) return undefined;
  return `ranks that cannot be told apart: ${shared.map(({ candidate, text }) => `${candidate} (${text})`).join(", ")}`;
}
