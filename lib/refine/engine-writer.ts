// A model of ours as a writer.
import type { Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { type ChatTemplate, renderChat } from "../huggingface/mod.ts";
import type { InferenceEngine } from "../infer/mod.ts";
import type { Prompt } from "./prompts.ts";
import type { Writer } from "./writer.ts";

/** A model that is open for inference. */
export interface EngineModel {
  readonly name: string;
  readonly identity: string;
  readonly contextLength: number;
  readonly engine: Pick<InferenceEngine, "generate">;
  readonly tokenizer: Pick<Tokenizer, "encode" | "decode">;
  /** Ids that open a text that is not a conversation. */
  readonly opening: readonly number[];
  readonly chat: ChatTemplate | undefined;
}

/** A writer whose tokens are counted exactly, before they are read. */
export function engineWriter(model: EngineModel): Writer {
  const { name, identity, contextLength, engine, tokenizer, opening, chat } = model;
  const encode = ({ kind, text }: Prompt): number[] => {
    if (kind === "text") return [...opening, ...tokenizer.encode(text)];
    if (chat === undefined) {
      throw new UserError("refine.format", `${name} has no chat template`, "ask with --set model.format=completion");
    }
    return tokenizer.encode(renderChat(chat, [{ role: "user", content: text }], { addGenerationPrompt: true }));
  };
  return {
    name,
    identity,
    contextLength,
    promptTokens: (prompt) => encode(prompt).length,
    textTokens: (text) => tokenizer.encode(text).length,
    tail(text, tokens) {
      const ids = tokenizer.encode(text);
      // A token may begin within a character.
      return ids.length <= tokens ? text : tokenizer.decode(ids.slice(ids.length - tokens)).replace(/^\uFFFD+/, "");
    },
    async write({ prompt, maxTokens, stop, ...sampling }, signal) {
      signal?.throwIfAborted();
      const generation = engine.generate({
        prompt: encode(prompt),
        maxTokens,
        stop,
        sampling,
        ...(signal === undefined ? {} : { signal }),
      });
      let text = "";
      for (;;) {
        const { done, value } = await generation.next();
        text += value.text;
        if (!done) continue;
        signal?.throwIfAborted();
        return {
          text,
          input: value.promptTokens,
          output: value.generatedTokens,
          finish: value.finish === "length" ? "length" : "stop",
        };
      }
    },
  };
}
