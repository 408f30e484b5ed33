// A tokenized text that shows itself: each token in a box of its own.
import { decodeStream, type Tokenizer } from "../../data/mod.ts";
import { PALETTE } from "../../methods.ts";
import { escapeHtml } from "../../report/mod.ts";
import { type Displayable, displayingNow } from "../display.ts";

/** A token with the text that it adds: empty while a character is incomplete. */
export interface TextToken {
  readonly id: number;
  readonly text: string;
}

const SHADES = [PALETTE.blue, PALETTE.ochre, PALETTE.teal, PALETTE.pink];

/** The text that each id adds; a character of several ids belongs to the last of them. */
export function tokenTexts(tokenizer: Pick<Tokenizer, "decode">, ids: readonly number[]): TextToken[] {
  const stream = decodeStream(tokenizer, { specialTokens: true });
  const tokens = ids.map((id) => ({ id, text: stream.push(id) }));
  const rest = stream.end();
  const last = tokens.at(-1);
  if (last !== undefined) tokens[tokens.length - 1] = { ...last, text: last.text + rest };
  return tokens;
}

/** The tokens of a text, as an array that shows itself. */
export function tokenized(
  tokenizer: Pick<Tokenizer, "encode" | "decode">,
  text: string,
): readonly TextToken[] & Displayable {
  const tokens = tokenTexts(tokenizer, tokenizer.encode(text));
  const bytes = new TextEncoder().encode(text).length;
  const counts = `${tokens.length} ${tokens.length === 1 ? "token" : "tokens"}, ${bytes} bytes` +
    (tokens.length === 0 ? "" : `, ${(bytes / tokens.length).toFixed(2)} bytes a token`);
  return displayingNow(tokens, () => ({
    "text/html": `<div><pre style="white-space:pre-wrap;line-height:1.9;margin:0">${
      tokens.map(({ id, text }, at) =>
        `<span title="${id}" style="background:${SHADES[at % SHADES.length]}33;border-radius:2px">${
          escapeHtml(visible(text))
        }</span>`
      ).join("")
    }</pre><small style="opacity:.65">${counts}</small></div>`,
    "text/plain": `${tokens.map(({ text }) => visible(text).replaceAll("\n", "")).join("|")}\n${counts}`,
  }));
}

/** A line break as a sign, before the break itself; a part of a character as a dot. */
export function visible(text: string): string {
  return text === "" ? "·" : text.replaceAll("\n", "⏎\n");
}
