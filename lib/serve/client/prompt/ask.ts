// Asking a model: the request, and its answer piece by piece as it is written.
import type { Prompt } from "../../../run/mod.ts";
import { authorization, type ServedModel } from "./models.ts";

/** One model's answer, so far. */
export type Answer = Prompt["answers"][number];
export type Piece = Answer["pieces"][number];

/** What is asked, of every model alike. */
export type Question = Omit<Prompt, "answers">;

interface Chunk {
  readonly error?: { readonly message: string };
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { readonly content?: string };
    readonly finish_reason: Answer["finish"] | null;
    readonly gates?: Partial<NonNullable<Answer["gates"]>> & { readonly tokens: readonly Piece[] };
  }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

/**
 * Asks a model, and tells its answer whenever it has grown.
 *
 * @param without the name of an expert that is switched off
 * @param signal ends it; what was written is its answer
 * @throws Error with the server's own words
 */
export async function ask(
  model: ServedModel,
  without: string | null,
  question: Question,
  key: string,
  signal: AbortSignal,
  onGrown: (answer: Answer) => void,
): Promise<Answer> {
  const began = performance.now();
  let answer: Answer = {
    model: model.name,
    without,
    pieces: [],
    gates: null,
    tokens: 0,
    seconds: 0,
    finish: "cancelled",
  };
  const change = (changes: Partial<Answer>) => {
    answer = { ...answer, ...changes, seconds: (performance.now() - began) / 1000 };
    onGrown(answer);
  };
  try {
    const response = await send(model, without, question, key, signal);
    for await (const { error, choices: [choice] = [], usage } of chunks(response)) {
      if (error !== undefined) throw new Error(error.message);
      if (usage != null) change({ tokens: usage.completion_tokens });
      if (choice === undefined) continue;
      const { gates, finish_reason: finish } = choice;
      if (gates?.models !== undefined && gates.places !== undefined) {
        change({ gates: { models: gates.models, places: gates.places } });
      }
      const text = choice.text ?? choice.delta?.content ?? "";
      const pieces = gates !== undefined && gates.tokens.length > 0
        ? gates.tokens.map(({ text, gates }) => ({ text, gates }))
        : text === ""
        ? []
        : [{ text, gates: null }];
      if (pieces.length > 0) change({ pieces: [...answer.pieces, ...pieces], tokens: answer.tokens + pieces.length });
      if (finish !== null) change({ finish });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return answer;
}

async function send(
  { id, gates }: ServedModel,
  without: string | null,
  { prompt, chat, temperature, maxTokens, seed }: Question,
  key: string,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(chat ? "/v1/chat/completions" : "/v1/completions", {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", ...authorization(key) },
    body: JSON.stringify({
      model: id,
      ...(chat ? { messages: [{ role: "user", content: prompt }] } : { prompt }),
      temperature,
      max_tokens: maxTokens,
      seed,
      stream: true,
      stream_options: { include_usage: true },
      ...(gates ? { gates: true } : {}),
      ...(without === null ? {} : { without: [without] }),
    }),
  });
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  throw new Error(body?.error?.message ?? `The server answered ${response.status}`);
}

/** The data of a stream's events. */
async function* chunks(response: Response): AsyncGenerator<Chunk, void, void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const lines = (rest + step.value).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}

/**
 * The tokens of a prompt with their gates.
 *
 * @throws Error with the server's own words
 */
export async function promptPieces(
  { id }: ServedModel,
  without: string | null,
  prompt: string,
  key: string,
): Promise<readonly Piece[]> {
  const response = await fetch("/v1/completions", {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization(key) },
    body: JSON.stringify({
      model: id,
      prompt,
      max_tokens: 0,
      echo: true,
      gates: true,
      ...(without === null ? {} : { without: [without] }),
    }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body.choices[0].gates.tokens.map(({ text, gates }: Piece) => ({ text, gates }));
}
