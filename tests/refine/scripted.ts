// A writer whose replies a test decides, with a token for each word.
import type { Prompt, Writer, WriteRequest } from "../../lib/refine/mod.ts";

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

/** A writer that replies as `reply` says, with at most so many words as were asked for. */
export function scriptedWriter(
  reply: (request: WriteRequest) => string,
  { name = "scripted", contextLength = 10_000 }: { readonly name?: string; readonly contextLength?: number } = {},
): Writer & { readonly requests: readonly WriteRequest[] } {
  const requests: WriteRequest[] = [];
  return {
    name,
    identity: name,
    contextLength,
    requests,
    promptTokens: ({ text }: Prompt) => words(text).length,
    textTokens: (text) => words(text).length,
    tail: (text, tokens) => words(text).length <= tokens ? text : words(text).slice(-tokens).join(" "),
    write(request) {
      requests.push(request);
      const all = words(reply(request));
      const text = all.slice(0, request.maxTokens);
      return Promise.resolve({
        text: text.join(" "),
        input: words(request.prompt.text).length,
        output: text.length,
        finish: text.length < all.length ? "length" : "stop",
      });
    },
  };
}
