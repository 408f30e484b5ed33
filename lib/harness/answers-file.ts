// The file with a task's prompts and answers: one line per document, kept as it is asked, so that a stopped evaluation goes on.
import { z } from "zod";
import { openKeptLines } from "../run/mod.ts";
import type { Answer } from "./ask.ts";
import type { MetricValue } from "./metrics.ts";
import { type Item, plainFields } from "./task.ts";

/** A response to a request: a score, or a generated text. */
export type Response = Answer | { readonly text: string; readonly tokens: number };

/** What a document was answered, and what that is worth, by filter. */
export interface Answered {
  readonly item: Item;
  /** Of each request, one response for each repeat. */
  readonly responses: readonly (readonly Response[])[];
  readonly filtered: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, Readonly<Record<string, MetricValue>>>>;
}

const responseSchema = z.union([
  z.strictObject({ logLikelihood: z.number(), greedy: z.boolean(), tokens: z.int() }),
  z.strictObject({ text: z.string(), tokens: z.int() }),
]);
const lineSchema = z.looseObject({
  doc_id: z.int(),
  requests: z.array(z.unknown()),
  responses: z.array(z.array(responseSchema)),
});

/** An open file of answers. */
export interface AnswersFile extends Disposable {
  /** The kept responses to an item's requests; undefined if it was not asked, or asked otherwise. */
  responses(item: Item): readonly (readonly Response[])[] | undefined;
  /** Adds a line for a document that was asked. */
  add(answered: Answered): void;
  /**
   * Writes the whole file: a line for each document, in order, with the metrics of the task as it is now. Documents beyond
   * the limit that were asked before follow.
   */
  finish(all: readonly Answered[]): Promise<void>;
}

/**
 * Opens the file at `path` with the answers that it has.
 *
 * @param conditions what responses depend on besides the requests: the model, how it reads text, how it generates
 * @throws UserError as {@linkcode openKeptLines} does
 */
export async function openAnswers(path: string, conditions: Readonly<Record<string, unknown>>): Promise<AnswersFile> {
  const lines = await openKeptLines<z.infer<typeof lineSchema>>(path, {
    conditions,
    read: (json) => lineSchema.parse(json),
    keyOf: ({ doc_id, requests }) => keyOf(doc_id, requests),
  });
  return {
    responses: ({ id, requests }) => lines.get(keyOf(id, requests))?.responses,
    add: (answered) => lines.add(lineOf(answered)),
    async finish(all) {
      const asked = new Set(all.map(({ item }) => item.id));
      await lines.order(all.map(lineOf), ({ doc_id }) => asked.has(doc_id));
    },
    [Symbol.dispose]: () => lines[Symbol.dispose](),
  };
}

const keyOf = (id: number, requests: readonly unknown[]): string => JSON.stringify([id, requests]);

function lineOf({ item, responses, filtered, metrics }: Answered): z.infer<typeof lineSchema> {
  const { id, document, target, requests } = item;
  return {
    doc_id: id,
    place: document.place,
    doc: plainFields(document),
    target,
    requests: [...requests],
    responses: responses.map((list) => [...list]),
    filtered,
    metrics,
  };
}
