// Continuous batching: texts join and leave between steps, long prompts are read in parts between the steps of the others,
// and what was read is kept for prompts that begin alike (Orca, OSDI 2022; vLLM, arXiv 2309.06180).
import { setImmediate } from "node:timers/promises";
import type { Tokenizer } from "../../data/mod.ts";
import { UserError } from "../../errors.ts";
import type { LanguageModel } from "../../model/mod.ts";
import type { GeneratedToken, Generation, GenerationRequest, InferenceEngine } from "../types.ts";
import { checkRequest } from "./check.ts";
import { type EngineOptions, limitsOf } from "./options.ts";
import { commonLength, prefixCache } from "./prefix-cache.ts";
import {
  advance,
  fail,
  finish,
  keepPromptGates,
  scorePrompt,
  type Sequence,
  sequence,
  unread,
  type Voice,
} from "./sequence.ts";
import { decodingPass, type Pass, type PassResult, promptPasses, runPass } from "./steps.ts";

/**
 * Starts an engine for a model on the device. The caller keeps the model, and disposes of the engine first.
 *
 * On the CPU device a text depends on its request alone: not on the texts that are generated beside it, on what the cache
 * holds, on how the prompt was divided, or on the number of threads. Weights should be packed, or products of few rows take
 * long.
 *
 * @param ends ids of tokens that end a text, besides the tokenizer's `<|endoftext|>`
 */
export function createEngine(
  model: LanguageModel,
  tokenizer: Pick<Tokenizer, "decode" | "endOfText">,
  ends: readonly number[] = [],
  options: EngineOptions = {},
): InferenceEngine {
  const limits = limitsOf(options);
  const voice: Voice = { model, tokenizer, ends: new Set([tokenizer.endOfText, ...ends]) };
  const cache = prefixCache(limits.prefixBytes);
  /** Whether a state can go back to any length, so that one entry serves all prompts that begin like it. */
  const rewinds = model.promptAtOnce !== true && model.decodingState().canRewind;
  let waiting: Sequence[] = [];
  let running: Sequence[] = [];
  let loop: Promise<void> | undefined;
  let closed = false;

  /** Gives waiting texts a place, in their order. */
  function admit(): void {
    waiting = waiting.filter((one) => one.finished === undefined);
    while (waiting.length > 0 && running.length < limits.batch) {
      const next = waiting[0]!;
      const bytes = running.reduce((sum, { state, most }) => sum + (state?.bytes(most) ?? 0), 0);
      const empty = model.decodingState();
      if (running.length > 0 && (bytes + empty.bytes(next.most) > limits.stateBytes || sharesUnread(next))) return;
      waiting.shift();
      running.push(next);
      attempt(next, () => begin(next));
    }
  }

  /** Whether a text in progress is reading a prompt that begins alike: it pays to wait for it. */
  function sharesUnread(next: Sequence): boolean {
    const { prompt } = next.request;
    if (isApart(next)) return false;
    return running.some((one) => {
      if (one.finished !== undefined || unread(one) === 0 || isApart(one)) return false;
      const common = commonLength(one.request.prompt, prompt);
      return rewinds ? common > limits.chunk / 4 || common === prompt.length : common === prompt.length;
    });
  }

  function begin(one: Sequence): void {
    const { prompt, scorePrompt: scored, logprobs = 0, gates } = one.request;
    const needsPass = gates === "all" || (gates !== undefined && !rewinds) || isApart(one); // the cache has no gates
    const hit = needsPass ? undefined : cache.find(prompt, !rewinds, scored ? logprobs : undefined);
    one.state = hit?.state ?? model.decodingState(one.request.without);
    one.cached = one.state.length;
    one.scores.push(...hit?.scores ?? []);
    if (hit?.logits !== undefined) advance(one, hit.logits.slice(), voice);
  }

  /** What fails for one text does not concern the others. */
  function attempt(one: Sequence, body: () => void): void {
    try {
      body();
    } catch (error) {
      fail(one, error);
    }
  }

  async function run(pass: Pass): Promise<void> {
    const { parts, all } = pass;
    const sequences = parts.map(({ sequence }) => sequence);
    const before = sequences.map(({ state }) => state!.length);
    let results: PassResult[];
    try {
      results = await runPass(pass, voice);
    } catch (error) {
      for (const one of sequences) fail(one, error);
      cache.clear(); // its memory may be what was missing
      return;
    }
    sequences.forEach((one, row) => {
      if (one.finished !== undefined) return; // cancelled meanwhile
      const { logits, gates, demand } = results[row]!;
      attempt(one, () => {
        if (all) scorePrompt(one, logits, before[row]!, model.vocabSize);
        if (one.request.gates === "all") keepPromptGates(one, gates);
        one.skipper?.read(demand);
        if (unread(one) > 0) return;
        const last = logits.subarray(logits.length - model.vocabSize);
        if (before[row]! < one.request.prompt.length) keepPrompt(one, last);
        advance(one, last, voice, gates.at(-1));
        if (one.finished !== undefined) return;
        const resting = one.skipper?.decide();
        if (resting !== undefined) one.state!.rest!(resting);
      });
    });
  }

  /** Keeps a prompt that was just read, if another text needs it before this one ends, or never again alike. */
  function keepPrompt(one: Sequence, logits: Float32Array): void {
    const { prompt } = one.request;
    const isShared = waiting.some(({ request }) => commonLength(request.prompt, prompt) > limits.chunk / 4);
    const isSame = waiting.some(({ request }) => commonLength(request.prompt, prompt) === request.prompt.length);
    if ((rewinds && !isShared && !isSame) || isApart(one)) return;
    const state = one.state!.fork(prompt.length);
    if (state === undefined) return;
    cache.add({ ids: prompt, state, scores: scoresOf(one), ...(rewinds ? {} : { logits: logits.slice() }) });
  }

  /** Frees the places of finished texts. */
  function release(): void {
    for (const one of running) {
      if (one.finished === undefined) continue;
      const { state } = one;
      if (state === undefined) continue;
      if (rewinds && state.length > 0 && !isApart(one)) {
        cache.add({ ids: one.ids.slice(0, state.length), state, scores: scoresOf(one) });
      } else state.dispose();
    }
    running = running.filter(({ finished }) => finished === undefined);
  }

  async function work(): Promise<void> {
    await setImmediate(); // lets the other texts of the same request join
    while (true) {
      release();
      admit();
      release(); // a text may be complete with what the cache had
      if (running.length === 0 && waiting.length === 0) return void (loop = undefined);
      for (const pass of promptPasses(running, limits.chunk, voice)) await run(pass);
      const decoding = decodingPass(running);
      if (decoding !== undefined) await run(decoding);
      await setImmediate(); // lets servers in this process read and write
    }
  }

  function start(): void {
    loop ??= work().catch((error) => {
      loop = undefined;
      for (const one of [...waiting, ...running]) fail(one, error);
      waiting = [];
      release();
    });
  }

  async function* generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, Generation, void> {
    if (closed) throw new UserError("generate.closed", "The engine was closed, and generates no more texts");
    checkRequest(request, model);
    const one = sequence(request, voice);
    const cancel = () => finish(one, "cancelled");
    if (request.signal?.aborted) cancel();
    else {
      request.signal?.addEventListener("abort", cancel);
      waiting.push(one);
      start();
    }
    try {
      return yield* one.output.read();
    } finally {
      request.signal?.removeEventListener("abort", cancel);
      cancel();
    }
  }

  return {
    generate,
    get load() {
      const unfinished = (list: readonly Sequence[]) => list.filter(({ finished }) => finished === undefined).length;
      return { running: unfinished(running), waiting: unfinished(waiting) };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const one of [...waiting, ...running]) finish(one, "cancelled");
      await loop;
      cache.clear();
    },
  };
}

/** Whether models are switched off, or may rest: the states of the cache are of all models. */
const isApart = ({ request: { without = [] }, skipper }: Sequence) => without.length > 0 || skipper !== undefined;

const scoresOf = ({ request: { scorePrompt, logprobs = 0 }, scores }: Sequence) =>
  scorePrompt ? { alternatives: logprobs, tokens: scores } : undefined;
