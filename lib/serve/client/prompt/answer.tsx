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
  /** The color of its model in figures; left out where not all models are known. */
  readonly color?: string | undefined;
  /** Gets the gates of the prompt's tokens; left out where they cannot be had. */
  readonly promptGates?: (() => Promise<readonly Piece[]>) | undefined;
}

/** The card of an answer. */
export function AnswerCard({ answer, error, writing, color, promptGates }: AnswerProps) {
  const { model, without, pieces, gates } = answer;
  const [prompt, setPrompt] = useState<readonly Piece[] | string>([]);
  const [open, setOpen] = useState(false);
  const read = () => void promptGates!().then(setPrompt, (failure: Error) => setPrompt(failure.message));
  const before = typeof prompt === "string" ? [] : prompt;
  return (
    <article class="answer" aria-busy={writing ? "true" : "false"}>
      <h3>
        {color !== undefined && <i style={{ backgroundColor: color }}></i>}
        {methodLabel(model)}
        {without !== null && <small>{` without ${methodPhrase(without)}`}</small>}
        <small class="push">{error === undefined ? speed(answer, writing) : "failed"}</small>
      </h3>
      {error !== undefined && <p class="error" role="alert">{error}</p>}
      <Tokens pieces={[...before, ...pieces]} gates={gates} />
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
            {typeof prompt === "string" && <span class="error" role="alert">{prompt}</span>}
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
  const end = writing ? "" : ({ stop: "", length: ", cut off at the limit", cancelled: ", interrupted" })[finish];
  return `${tokens} ${tokens === 1 ? "token" : "tokens"}${rate}${end}`;
}
