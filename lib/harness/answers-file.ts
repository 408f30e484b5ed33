// The file with a task's prompts and answers: one line per document, kept as it is asked, so that a stopped evaluation goes on.
import { z } from "zod";
import { attempt, systemReason, UserError } from "../errors.ts";
import { writeTextAtomically } from "../run/mod.ts";
import type { Answer } from "./ask.ts";
import type { MetricValue } from "./metrics.ts";
import { type Item, plainFields, type Request } from "./task.ts";

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
  /** Writes the whole file: a line for each document, in order, with the metrics of the task as it is now. */
  finish(all: readonly Answered[]): Promise<void>;
}

/**
 * Opens the file at `path`, and keeps its whole lines if it was made under the same conditions.
 *
 * @param conditions what responses depend on besides the requests: the model, how it reads text, how it generates
 * @throws UserError `harness.out` when it cannot be written
 */
export async function openAnswers(path: string, conditions: Readonly<Record<string, unknown>>): Promise<AnswersFile> {
  try {
    const kept = new Map<string, z.infer<typeof lineSchema>>();
    const head = JSON.stringify({ conditions });
    const [first, ...lines] = (await Deno.readTextFile(path).catch(() => "")).split("\n");
    if (first === head) {
      for (const line of lines) {
        const read = attempt(() => lineSchema.parse(JSON.parse(line)));
        if (read !== undefined) kept.set(keyOf(read.doc_id, read.requests), read);
      }
    }
    // Without a half-written line at the end.
    const before = [...kept.values()].map((line) => `${JSON.stringify(line)}\n`).join("");
    await writeTextAtomically(path, `${head}\n${before}`);
    const file = Deno.openSync(path, { append: true });
    return {
      responses: ({ id, requests }) => kept.get(keyOf(id, requests))?.responses,
      add(answered) {
        const bytes = new TextEncoder().encode(lineOf(answered));
        for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
      },
      async finish(all) {
        await writeTextAtomically(path, `${head}\n${all.map(lineOf).join("")}`);
      },
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("harness.out", `Cannot write ${path}: ${reason}`, "name another folder with --out");
  }
}

const keyOf = (id: number, requests: readonly unknown[]): string => JSON.stringify([id, requests]);

function lineOf({ item, responses, filtered, metrics }: Answered): string {
  const { id, document, target, requests } = item;
  const line = {
    doc_id: id,
    place: document.place,
    doc: plainFields(document),
    target,
    requests: requests satisfies readonly Request[],
    responses,
    filtered,
    metrics,
  };
  return `${JSON.stringify(line)}\n`;
}
