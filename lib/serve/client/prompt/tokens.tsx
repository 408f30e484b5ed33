// A text whose tokens are shaded in the color of the model that speaks, with the numbers on hover.
import { methodLabel, speaker } from "../../../methods.ts";
import type { Answer, Piece } from "./ask.ts";

export type Gates = NonNullable<Answer["gates"]>;

/** The tokens of an answer, or of a prompt. */
export function Tokens({ pieces, gates }: { readonly pieces: readonly Piece[]; readonly gates: Gates | null }) {
  return (
    <pre class="tokens">
      {pieces.map(({ text, gates: row }, i) =>
        gates === null || row === null ? text : <Token key={i} text={text} row={row} gates={gates} />
      )}
    </pre>
  );
}

function Token({ text, row, gates }: { text: string; row: readonly (readonly number[])[]; gates: Gates }) {
  const shares = row.at(-1)!;
  const winner = speaker(shares);
  const { color } = gates.models[gates.places.at(-1)!.models[winner]!]!;
  const shade = Math.round(80 * Math.max(0.08, shares[winner]!));
  return (
    <span
      title={numbers(row, gates)}
      style={{ backgroundColor: `color-mix(in srgb, ${color} ${shade}%, transparent)` }}
    >
      {text}
    </span>
  );
}

/** The gates of a token in words, the last place first. */
function numbers(row: readonly (readonly number[])[], { places, models }: Gates): string {
  return places.map(({ title, models: columns }, place) => {
    const parts = columns.map((model, i) => `${methodLabel(models[model]!.name)} ${percent(row[place]![i]!)}`);
    return `${title}: ${parts.join(", ")}`;
  }).reverse().join("\n");
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The models with their colors, and the share of the tokens at which each speaks. */
export function Legend({ pieces, gates }: { readonly pieces: readonly Piece[]; readonly gates: Gates }) {
  const columns = gates.places.at(-1)!.models;
  const speakers = pieces.flatMap(({ gates }) => gates === null ? [] : [speaker(gates.at(-1)!)]);
  return (
    <ul class="legend" aria-label="Share of the tokens at which each model speaks">
      {columns.map((model, column) => (
        <li key={model}>
          <i style={{ backgroundColor: gates.models[model]!.color }}></i>
          {`${methodLabel(gates.models[model]!.name)} ${
            Math.round(100 * speakers.filter((one) => one === column).length / Math.max(1, speakers.length))
          } %`}
        </li>
      ))}
    </ul>
  );
}
