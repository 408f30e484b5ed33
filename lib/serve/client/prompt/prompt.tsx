// The prompt box: the models of a run side by side, in the process of `deno task serve --models`.
import { useRef, useState } from "hono/jsx";
import { methodColors } from "../../../methods.ts";
import type { KeptPrompt, RunView } from "../../../run/mod.ts";
import { hasStitches, isUnderWay } from "../../../run/view/mod.ts";
import type { ModelsResponse, PromptsResponse } from "../../schemas.ts";
import { oncePerFrame } from "../common/dom.ts";
import { useEffect } from "../common/effect.ts";
import { when } from "../common/format.ts";
import { change, getJson, getSession } from "../common/session.ts";
import { AnswerCard, type ShownAnswer } from "./answer.tsx";
import { type Answer, ask, promptPieces, type Question } from "./ask.ts";
import { type Asked, PromptForm } from "./form.tsx";
import { findModels, type Models, modelsCommand, type ServedModel } from "./models.ts";

interface PromptBoxProps {
  readonly run: RunView;
  /** `/api/runs/<id>` */
  readonly address: string;
  readonly runsFolder: string;
}

interface Round {
  readonly question: Question;
  readonly answers: readonly ShownAnswer[];
  /** Why it could not be kept. */
  readonly lost?: string;
}

export function PromptBox({ run, address, runsFolder }: PromptBoxProps) {
  const [models, setModels] = useState<Models | undefined>(undefined);
  const [key, setKey] = useState("");
  const [kept, setKept] = useState<readonly KeptPrompt[]>([]);
  const [round, setRound] = useState<Round | undefined>(undefined);
  const stop = useRef<AbortController | null>(null);
  const look = async (key: string) => {
    const { served } = await getJson<ModelsResponse>("/api/models");
    setModels(served ? await findModels(run.id, key) : { kind: "none" });
  };
  useEffect(() => {
    look("").catch(() => setModels({ kind: "none" }));
    getJson<PromptsResponse>(`${address}/prompts`).then(({ prompts }) => setKept(prompts), () => {});
  }, []);

  const begin = async ({ question, models, without }: Asked) => {
    const ending = new AbortController();
    stop.current = ending;
    const asked = models.flatMap((model) => [
      { model, without: null },
      ...(without !== null && model.switchable ? [{ model, without }] : []),
    ]);
    const answers: ShownAnswer[] = asked.map(({ model, without }) => ({
      answer: { model: model.name, without, pieces: [], gates: null, tokens: 0, seconds: 0, finish: "cancelled" },
      writing: true,
    }));
    const outcome: { lost?: string } = {};
    const show = oncePerFrame(() => setRound({ question, answers: [...answers], ...outcome }));
    show();
    await Promise.all(asked.map(async ({ model, without }, i) => {
      try {
        const answer = await ask(model, without, question, key, ending.signal, (answer) => {
          answers[i] = { answer, writing: true };
          show();
        });
        answers[i] = { answer, writing: false };
      } catch (error) {
        answers[i] = { ...answers[i]!, writing: false, error: (error as Error).message };
      }
      show();
    }));
    stop.current = null;
    const given = answers.flatMap(({ error, answer }) => error === undefined ? [answer] : []);
    const lost = await keep(address, question, given);
    if (lost !== undefined) outcome.lost = lost;
    show();
    getJson<PromptsResponse>(`${address}/prompts`).then(({ prompts }) => setKept(prompts), () => {});
  };

  if (models === undefined) return null;
  const served = models.kind === "served" ? models.models : [];
  const earlier = round !== undefined && round.lost === undefined && kept.at(-1)?.prompt === round.question.prompt
    ? kept.slice(0, -1)
    : kept;
  return (
    <section class="prompt" aria-labelledby="prompt-title">
      <h2 id="prompt-title">Ask the models</h2>
      {models.kind === "none" && <NotRunning run={run} runsFolder={runsFolder} />}
      {models.kind === "key" && (
        <form
          class="field"
          onSubmit={(event: Event) => {
            event.preventDefault();
            const given = String(new FormData(event.target as HTMLFormElement).get("key"));
            setKey(given);
            void look(given);
          }}
        >
          <label>
            API key of this server <input type="password" name="key" required autocomplete="off" />
          </label>
          <button type="submit" class="button">Use it</button>
        </form>
      )}
      {models.kind === "served" && (
        <PromptForm
          models={served}
          busy={round?.answers.some(({ writing }) => writing) ?? false}
          onAsk={(asked) => void begin(asked)}
          onStop={() => stop.current?.abort()}
        />
      )}
      {round !== undefined && <Answers round={round} models={served} apiKey={key} />}
      {earlier.length > 0 && (
        <details class="earlier">
          <summary>{`${earlier.length} earlier ${earlier.length === 1 ? "prompt" : "prompts"}`}</summary>
          {earlier.toReversed().map((one) => (
            <div key={one.time}>
              <p class="muted">{when(one.time)}</p>
              <Answers
                round={{ question: one, answers: one.answers.map((answer) => ({ answer, writing: false })) }}
                models={served}
                apiKey={key}
              />
            </div>
          ))}
        </details>
      )}
    </section>
  );
}

/** Why there is nobody to ask, and what to do about it. */
function NotRunning({ run, runsFolder }: Pick<PromptBoxProps, "run" | "runsFolder">) {
  if (!hasStitches(run)) {
    return (
      <p class="notice">
        {isUnderWay(run)
          ? "The models can be asked once the stitches are trained."
          : "The models cannot be asked: this run ended before its stitches were trained."}
      </p>
    );
  }
  return (
    <p class="notice">
      The models are not running. Start them with <code>{modelsCommand(run.id, runsFolder)}</code>{" "}
      and open the page that it names.
    </p>
  );
}

/** A prompt and its answers, side by side. */
function Answers(
  { round: { question, answers, lost }, models, apiKey }: {
    readonly round: Round;
    readonly models: readonly ServedModel[];
    readonly apiKey: string;
  },
) {
  const { prompt, temperature, maxTokens, seed, chat } = question;
  const colors = methodColors(models.map(({ name }) => name));
  const settings = [
    `temperature ${temperature}`,
    `length ${maxTokens}`,
    `seed ${seed}`,
    ...chat ? ["as a message"] : [],
  ];
  return (
    <div class="round">
      <blockquote>
        <pre>{prompt}</pre>
        <small class="muted">{settings.join(" · ")}</small>
      </blockquote>
      {lost !== undefined && <p class="notice">{lost}</p>}
      <div class="answers">
        {answers.map((shown) => {
          const { model: name, without } = shown.answer;
          const model = models.find((one) => one.name === name);
          const read = model === undefined || chat ? undefined : () => promptPieces(model, without, prompt, apiKey);
          return (
            <AnswerCard
              key={`${name} ${without}`}
              {...shown}
              prompt={prompt}
              color={colors.get(name)}
              promptGates={read}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Keeps a prompt beside the run. @returns why that is not possible */
async function keep(address: string, question: Question, answers: readonly Answer[]): Promise<string | undefined> {
  if (answers.length === 0) return undefined;
  const { edit, signIn } = await getSession();
  if (!edit) {
    const how = signIn
      ? "sign in with the link that the server printed"
      : "this server only reads; deno task serve:edit keeps prompts";
    return `This prompt is not kept: ${how}.`;
  }
  try {
    await change(`${address}/prompts`, { ...question, answers });
    return undefined;
  } catch (error) {
    return `This prompt was not kept: ${(error as Error).message}`;
  }
}
