// One model's answer: its text, its speed, and what its gates say.
import { useState } from "hono/jsx";
import { methodLabel, methodPhrase } from "../../../methods.ts";
import type { Answer, Piece } from "./ask.ts";
import { HeatMap } from "./heat-map.tsx";
import { Legend, Tokens } from "./tokens.tsx";

/** An answer as it is shown: being written, complete, or failed. */
export interface ShownAnswer {
  readonly answer: Answer;
  readonly error?: string;
  readonly writing: boolean;
}

interface AnswerProps extends ShownAnswer {
  /** What was asked. */
  readonly prompt: string;
  /** The color of its model in figures; left out where not all models are known. */
  readonly color?: string | undefined;
  /** Gets the gates of the prompt's tokens; left out where they cannot be had. */
  readonly promptGates?: (() => Promise<readonly Piece[]>) | undefined;
}

/** The tokens of a prompt that was read for its gates, or why that failed. */
interface ReadPrompt {
  readonly prompt: string;
  readonly pieces: readonly Piece[];
  readonly fault?: string;
}

/** The card of an answer. */
export function AnswerCard({ answer, error, writing, prompt, color, promptGates }: AnswerProps) {
  const { model, without, pieces, gates } = answer;
  const [known, setKnown] = useState<ReadPrompt | undefined>(undefined);
  const [open, setOpen] = useState(false);
  const read = () =>
    void promptGates!().then(
      (pieces) => setKnown({ prompt, pieces }),
      ({ message: fault }: Error) => setKnown({ prompt, pieces: [], fault }),
    );
  // The card stays when its model is asked something else.
  const { pieces: before = [], fault }: Partial<ReadPrompt> = known?.prompt === prompt ? known : {};
  return (
    <article class="answer" aria-busy={writing ? "true" : "false"}>
      <h3>
        {color !== undefined && <i style={{ backgroundColor: color }}></i>}
        {methodLabel(model)}
        {without !== null && <small>{` without ${methodPhrase(without)}`}</small>}
        <small class="push">{error === undefined ? speed(answer, writing) : "failed"}</small>
      </h3>
      {error !== undefined && <p class="error" role="alert">{error}</p>}
      {pieces.length === 0 && error === undefined && !writing
        ? <p class="muted">{emptyText(answer)}</p>
        : <Tokens pieces={[...before, ...pieces]} gates={gates} />}
      {gates !== null && pieces.length > 0 && (
        <>
          <Legend pieces={pieces} gates={gates} />
          <p class="row">
            <button
              type="button"
              class="button quiet"
              aria-expanded={open ? "true" : "false"}
              onClick={() => setOpen(!open)}
            >
              {open ? "Hide the gates" : "Show the gates"}
            </button>
            {promptGates !== undefined && !writing && before.length === 0 && (
              <button type="button" class="button quiet" onClick={read}>Color the prompt, too</button>
            )}
            {fault !== undefined && <span class="error" role="alert">{fault}</span>}
          </p>
          {open && <HeatMap pieces={[...before, ...pieces]} gates={gates} />}
        </>
      )}
    </article>
  );
}

function speed({ tokens, seconds, finish }: Answer, writing: boolean): string {
  if (tokens === 0) return writing ? "waiting" : "";
  const rate = seconds > 0 ? `, ${(tokens / seconds).toPrecision(3)} tokens/s` : "";
  const end = writing ? "" : ({ stop: "", length: ", cut off at the limit", cancelled: ", stopped" })[finish];
  return `${tokens} ${tokens === 1 ? "token" : "tokens"}${rate}${end}`;
}

/** Why an answer has no text. */
function emptyText({ tokens, finish }: Answer): string {
  if (finish === "cancelled") return "Stopped before the first token.";
  return tokens === 0
    ? "The model ended its answer at once, without any text."
    : "Its tokens are not a whole character.";
}
