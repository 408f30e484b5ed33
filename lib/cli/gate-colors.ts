// Generated text in the colors of the models that speak, for terminals.
import { UserError } from "../errors.ts";
import type { ModelGates, PredictionGates } from "../infer/mod.ts";
import type { InferenceModel } from "../library/mod.ts";
import { methodLabel, speaker } from "../methods.ts";

/** Colors one text. */
export interface GateColors {
  /** A token's text in the color of the model that speaks; without gates, in the color of the token before. */
  paint(text: string, gates?: PredictionGates): string;
  /** The models with their colors, and the share of the tokens so far at which each speaks. */
  legend(): string;
}

/**
 * Begins to color a text.
 *
 * @param colored whether escape sequences are written; otherwise the text stays as it is
 */
export function gateColors({ places, models }: ModelGates, colored: boolean): GateColors {
  const columns = places.at(-1)!.models;
  const tokens = columns.map(() => 0);
  let last: number | undefined;
  const inColor = (text: string, column: number | undefined) =>
    colored && text !== "" && column !== undefined
      ? `${foreground(models[columns[column]!]!.color)}${text}\x1b[39m`
      : text;
  return {
    paint(text, gates) {
      if (gates !== undefined) {
        last = speaker(gates.at(-1)!);
        tokens[last]!++;
      }
      return inColor(text, last);
    },
    legend() {
      const all = Math.max(1, tokens.reduce((sum, count) => sum + count, 0));
      return columns.map((model, column) => {
        const share = Math.round(100 * tokens[column]! / all);
        return `${inColor("■", column)} ${methodLabel(models[model]!.name)} ${share} %`;
      }).join("  ");
    },
  };
}

/** @throws UserError `generate.gates` for a model that weighs no others */
export function checkGates({ gates, name, source }: Pick<InferenceModel, "gates" | "name" | "source">): void {
  if (gates !== undefined) return;
  throw new UserError(
    "generate.gates",
    `${name ?? source} weighs no other models, so it has no gates to show`,
    "of a run's models, bts has gates, and so have btm, routing, btx, bam, dume, flexolmo and self-stitch",
  );
}

/** Selects a color, `#rrggbb`, exactly or as the nearest of the 256 that most terminals have. */
function foreground(color: string): string {
  const rgb = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  if (/^(truecolor|24bit)$/.test(Deno.env.get("COLORTERM") ?? "")) return `\x1b[38;2;${rgb.join(";")}m`;
  const [r, g, b] = rgb.map((value) => value < 48 ? 0 : value < 115 ? 1 : Math.floor((value - 35) / 40));
  return `\x1b[38;5;${16 + 36 * r! + 6 * g! + b!}m`;
}
