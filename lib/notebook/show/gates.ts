// The gates of a text that show themselves: each token in the color of the model that speaks.
import { UserError } from "../../errors.ts";
import type { ModelGates, PredictionGates } from "../../infer/mod.ts";
import { inferenceModels, openForInference } from "../../library/mod.ts";
import { methodLabel, speaker } from "../../methods.ts";
import { escapeHtml, fixed } from "../../report/mod.ts";
import { type Displayable, displayingNow, type MediaBundle } from "../display.ts";
import { type TextToken, tokenTexts, visible } from "./tokens.ts";

/** A token with the gates of its prediction. */
export interface GatedToken extends TextToken {
  /** By place and model there; null for the first token, which nothing predicts. */
  readonly gates: PredictionGates | null;
  /** Whether the model wrote it. */
  readonly generated: boolean;
}

/** The gates of a model along a text. */
export interface TextGates extends Displayable {
  readonly model: string;
  /** Where the model weighs models, and which. */
  readonly gates: ModelGates;
  readonly tokens: readonly GatedToken[];
}

/** What is asked of a model. */
export interface GatesOptions {
  /** Tokens that the model adds, most likely ones. @default 0 */
  readonly generate?: number;
}

/**
 * Reads a text with a model and says how much each of its models counted at each token.
 *
 * @param run a run's folder
 * @throws UserError `notebook.gates` for a model without gates, `model.unknown`, `generate.length` and others of the engine
 */
export async function textGates(
  run: string,
  model: string,
  text: string,
  { generate = 0 }: GatesOptions = {},
): Promise<TextGates> {
  const models = await inferenceModels(run);
  if (models?.get(model)?.gates === false) {
    const others = [...models].flatMap(([name, { gates }]) => gates ? [name] : []);
    throw new UserError(
      "notebook.gates",
      `${model} weighs no other models, so it has no gates: of this run's models, ${others.join(", ")} have some`,
    );
  }
  await using opened = await openForInference(run, model);
  const prompt = [...opened.opening, ...opened.tokenizer.encode(text)];
  const stream = opened.engine.generate({
    prompt,
    maxTokens: Math.max(1, generate), // reading a prompt is a generation
    sampling: { temperature: 0 },
    gates: "all",
  });
  const ids = [...prompt];
  const gates: (PredictionGates | null)[] = [];
  for (;;) {
    const { done, value } = await stream.next();
    if (done) {
      gates.unshift(...value.promptGates!);
      break;
    }
    if (generate === 0) continue;
    ids.push(value.id);
    gates.push(value.gates ?? null);
  }
  const tokens = tokenTexts(opened.tokenizer, ids).map((token, at): GatedToken => ({
    ...token,
    gates: gates[at] ?? null,
    generated: at >= prompt.length,
  }));
  const found = { model: opened.name ?? model, gates: opened.gates!, tokens };
  return displayingNow(found, () => gatesBundle(found));
}

/** The text in colors, once for each place with shares, the last first; other places in a table of means. */
export function gatesBundle(
  { model, gates: { places, models }, tokens }: Omit<TextGates, keyof Displayable>,
): MediaBundle {
  const means = places.map(({ models: columns }, place) =>
    columns.map((_, column) => {
      const values = tokens.flatMap(({ gates }) => gates === null ? [] : [gates[place]![column]!]);
      return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    })
  );
  const nameAt = (place: number, column: number) => models[places[place]!.models[column]!]!;
  const rows = places.map(({ title }, place) =>
    `<tr><td style="text-align:left">${escapeHtml(title)}</td>${
      models.map((_, at) => {
        const column = places[place]!.models.indexOf(at);
        return `<td style="text-align:right">${column < 0 ? "–" : fixed(100 * means[place]![column]!, 1)}</td>`;
      }).join("")
    }</tr>`
  );
  const last = places.length - 1;
  const spoken = models.map((_, at) =>
    tokens.filter(({ gates }) => gates !== null && places[last]!.models[speaker(gates[last]!)] === at).length
  );
  const legend = models.map(({ name, color }, at) =>
    `<span style="margin-right:1em;white-space:nowrap"><span style="color:${color}">■</span> ${
      escapeHtml(methodLabel(name))
    } speaks at ${spoken[at]}</span>`
  );
  const head = models.map(({ name }) => `<th style="text-align:right">${escapeHtml(methodLabel(name))}, %</th>`);
  return {
    "text/html":
      `<div style="font:13px/1.5 system-ui,sans-serif"><div>Gates of ${escapeHtml(methodLabel(model))}, ${
        escapeHtml(places[last]!.title)
      }: ${legend.join("")}</div>` +
      `<pre style="white-space:pre-wrap;line-height:1.9;margin:.4em 0">${
        tokens.map((token) => tokenHtml(token, last)).join("")
      }</pre><table style="font:inherit"><thead><tr><th style="text-align:left">mean gate</th>${
        head.join("")
      }</tr></thead><tbody>${rows.join("")}</tbody></table></div>`,
    "text/plain": [
      `Gates of ${methodLabel(model)}, ${places[last]!.title}`,
      ...models.map(({ name }, at) => `${methodLabel(name)} speaks at ${spoken[at]} of ${tokens.length} tokens`),
    ].join("\n"),
  };

  function tokenHtml({ text, gates, generated }: GatedToken, place: number): string {
    const shown = escapeHtml(visible(text));
    const style = generated ? ";border-bottom:2px solid #8888" : "";
    if (gates === null) return `<span style="opacity:.65${style}">${shown}</span>`;
    const row = gates[place]!;
    const winner = speaker(row);
    const numbers = row.map((gate, at) => `${methodLabel(nameAt(place, at).name)} ${fixed(100 * gate, 1)} %`).join(
      ", ",
    );
    // The stronger the shade, the larger the gate: two hexadecimal digits of opacity.
    const shade = Math.round(255 * 0.8 * Math.min(1, Math.max(0.08, row[winner]!))).toString(16).padStart(2, "0");
    return `<span style="background:${nameAt(place, winner).color}${shade}${style}" title="${
      escapeHtml(numbers)
    }">${shown}</span>`;
  }
}
