// A task with its documents: prompts, what the model is asked, and what is right.
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import type { TaskConfig } from "./config.ts";
import { readSplit, type Split, split, type TaskDocument } from "./documents.ts";
import { fewshotSampler } from "./fewshot.ts";
import { OF_ONE_ANSWER, OF_ONE_TEXT, type Question } from "./metrics.ts";
import { endsWithSpace, PythonFloat, pythonText, startsWithSpace } from "./python-values.ts";
import { documentReader } from "./read-document.ts";

/** What a model is asked about a document. */
export type Request =
  | { readonly kind: "continuation"; readonly context: string; readonly continuation: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "generation"; readonly context: string };

/** A document with its requests, and what is right. */
export interface Item {
  /** Number of the document, from 0. */
  readonly id: number;
  readonly document: TaskDocument;
  /** As the task writes it: a text, the number of a choice, or several. */
  readonly target: unknown;
  readonly requests: readonly Request[];
  /** Of a multiple-choice question. */
  readonly question?: Question;
  /** Of a generated answer: the text that is wanted, or several of which one is enough. */
  readonly wanted?: unknown;
}

/** A task that can be asked. */
export interface HarnessTask {
  readonly config: TaskConfig;
  /** Documents that there are. */
  readonly size: number;
  /** Hashes of its settings, and of all documents, few-shot ones included. */
  readonly versions: { readonly task: string; readonly documents: string };
  /** The documents' requests, of the first `limit` documents. @throws UserError for data that does not fit the task */
  items(limit?: number): Item[];
}

/** Loads the documents of a task. @throws UserError `harness.split`, `harness.data` */
export async function openTask(config: TaskConfig): Promise<HarnessTask> {
  const { splits, fewshot } = config;
  const loaded = new Map<string, Promise<Split>>();
  const load = (name: string, key: string) => {
    let found = loaded.get(name);
    if (found === undefined) loaded.set(name, found = readSplit(config, name, key));
    return found;
  };
  const own = splits.test === undefined
    ? await load(splits.validation!, "validation_split")
    : await load(splits.test, "test_split");
  const pool = fewshot.count === 0
    ? []
    : fewshot.split !== undefined
    ? (await load(fewshot.split, "fewshot_split")).documents
    : fewshot.samples !== undefined
    ? split(fewshot.samples.map((fields, i) => ({ fields, place: config.file.place("fewshot_config", "samples", i) })))
      .documents
    : splits.training !== undefined
    ? (await load(splits.training, "training_split")).documents
    : splits.validation !== undefined
    ? (await load(splits.validation, "validation_split")).documents
    : own.documents;
  return {
    config,
    size: own.documents.length,
    versions: {
      task: hashOf([config.file.values]),
      documents: hashOf([...own.documents, ...pool].map(({ fields }) => fields)),
    },
    items: (limit = Infinity) => itemsOf(config, own, pool).slice(0, limit).map((make) => make()),
  };
}

function hashOf(values: readonly unknown[]): string {
  const hash = createHash("sha256");
  for (const value of values) hash.update(`${JSON.stringify(value)}\n`);
  return hash.digest("hex").slice(0, 16);
}

/** Each document's item, to be made one after another. */
function itemsOf(config: TaskConfig, own: Split, pool: readonly TaskDocument[]): (() => Item)[] {
  const { formatting, fewshot, splits, outputType, metrics } = config;
  const read = documentReader(config, own.columns);
  // As in the harness, also if neither split is named.
  const sample = fewshotSampler(config, pool, fewshot.split === splits.test);
  const [first] = own.documents;
  const inputs = formatting.choices !== undefined && typeof read.text(first!, formatting) === "number"
    ? read.choices(first!, formatting).length
    : 0;
  const isList = Array.isArray(read.target(first!, formatting));

  return own.documents.map((document, id) => () => {
    const messages = [read.description(document)];
    for (const example of sample(document)) messages.push(exampleText(example));
    const before = messages.join("");
    const target = read.target(document, formatting);
    const common = { id, document, target };
    if (Array.isArray(target) !== isList) {
      throw answerError(document, `its target is ${isList ? "not " : ""}a list, unlike the first document's`);
    }
    switch (outputType) {
      case "loglikelihood": {
        const requests = [{
          kind: "continuation",
          context: contexts(document, before)[0]!,
          continuation: textOf(document, target),
        }];
        return { ...common, requests: requests as Request[] };
      }
      case "loglikelihood_rolling":
        return { ...common, requests: [{ kind: "text", text: textOf(document, target) }] };
      case "generate_until":
        return {
          ...common,
          requests: [{ kind: "generation", context: contexts(document, before)[0]! }],
          wanted: wantedOf(document, target),
        };
      case "multiple_choice": {
        const choices = read.choices(document, formatting);
        const delimiter = formatting.targetDelimiter;
        const asked = contexts(document, before);
        const pairs = inputs > 0
          ? asked.map((context) => [context, delimiter + pythonText(target)] as const)
          : choices.map((choice) => [asked[0]!, delimiter + choice] as const);
        const alone = metrics.some(({ name }) => name === "acc_mutual_info")
          ? choices.map((choice) => ["", delimiter + choice] as const)
          : [];
        const requests = [...pairs, ...alone].map(([context, continuation]): Request => ({
          kind: "continuation",
          context,
          continuation,
        }));
        const answer = inputs > 0 ? read.text(document, formatting) : target;
        const right = rightOf(document, answer, choices);
        checkMetrics(document, config, choices, right);
        return { ...common, requests, question: { choices, right } };
      }
    }
  });

  function exampleText(example: TaskDocument): string {
    const how = fewshot.formatting;
    const text = read.text(example, how);
    const choices = how.choices === undefined ? undefined : read.choices(example, how);
    const target = read.target(example, how);
    const prefix = read.prefix(example, how);
    const question = inputs > 0 ? choices![text as number] : text;
    const answer = answerText(example, target, inputs > 0 ? undefined : choices);
    return turn(example, question, answer, prefix, how.targetDelimiter, how.fewshotDelimiter);
  }

  /** The prompts of a document: one, or one for each choice that is put into it. */
  function contexts(document: TaskDocument, before: string): string[] {
    const prefix = read.prefix(document, formatting);
    if (inputs > 0) {
      return read.choices(document, formatting).map((choice) =>
        before + turn(document, choice, undefined, prefix, "", "")
      );
    }
    return [
      before + turn(document, read.text(document, formatting), undefined, prefix, formatting.targetDelimiter, ""),
    ];
  }

  function wantedOf(document: TaskDocument, target: unknown): unknown {
    if (formatting.choices !== undefined) {
      const choices = read.choices(document, formatting);
      return choices[rightOf(document, target, choices)[0]!];
    }
    if (!Array.isArray(target)) return pythonText(target);
    const ofOne = config.metrics.find(({ aggregation }) => OF_ONE_TEXT.has(aggregation));
    if (ofOne !== undefined) {
      throw answerError(document, `its target is a list, and ${ofOne.name} compares with one text`);
    }
    if (target.length === 0 || !target.every((one) => typeof one === "string")) {
      throw answerError(document, "its target is not a list of texts");
    }
    return target;
  }
}

/** @throws UserError `harness.metric` for a question that a metric of the task cannot be computed of */
function checkMetrics(
  { place }: TaskDocument,
  { metrics, name, file }: TaskConfig,
  choices: readonly string[],
  right: readonly number[],
): void {
  const refuse = (metric: string, what: string) => {
    const hint = `${file.place("metric_list")}: leave it out of ${name}`;
    throw new UserError("harness.metric", `${place}: cannot compute ${metric}: ${what}`, hint);
  };
  for (const metric of metrics) {
    if (OF_ONE_ANSWER.has(metric.name) && right.length !== 1) {
      refuse(metric.name, `${right.length} of the choices are right, and it needs one`);
    }
    if (metric.name === "f1" && choices.length > 2) {
      refuse("f1", `it is of two choices, the second of which is found or not, and there are ${choices.length}`);
    }
  }
}

/** A question, with its answer if it is an example: the harness's `build_qa_turn()` as text. */
function turn(
  document: TaskDocument,
  question: unknown,
  answer: string | undefined,
  prefix: string | undefined,
  delimiter: string,
  after: string,
): string {
  if (typeof question !== "string") {
    throw new UserError(
      "harness.field",
      `${document.place}: doc_to_text gives ${pythonText(question)}, which is not text`,
    );
  }
  const hasPrefix = prefix !== undefined && prefix !== "";
  const hasAnswer = answer !== undefined && answer !== "";
  const separate = question !== "" && hasPrefix && !endsWithSpace(question) && !startsWithSpace(prefix);
  const asked = question + ((hasAnswer && !hasPrefix) || separate ? delimiter : "");
  if (hasAnswer) return asked + (hasPrefix ? joined(prefix, answer) : answer) + after;
  return asked + (prefix ?? "");
}

function joined(prefix: string, answer: string): string {
  return endsWithSpace(prefix) || startsWithSpace(answer) ? prefix + answer : `${prefix} ${answer}`;
}

/** The answer of an example: a text, the choice that a number means, or the first of several. */
function answerText(
  document: TaskDocument,
  target: unknown,
  choices: readonly string[] | undefined,
): string | undefined {
  if (target === null || target === undefined) return undefined;
  const index = typeof target === "boolean" ? Number(target) : target;
  if (typeof index === "number" && choices !== undefined) {
    return choices[rightOf(document, index, choices)[0]!]!;
  }
  return textOf(document, Array.isArray(target) ? target[0] : target);
}

function textOf(document: TaskDocument, target: unknown): string {
  if (typeof target === "string") return target;
  throw answerError(document, `its target is ${pythonText(target)}, which is not text`);
}

/** Indices of the right choices. */
function rightOf(document: TaskDocument, target: unknown, choices: readonly string[]): number[] {
  if (Array.isArray(target)) return target.flatMap((one) => rightOf(document, one, choices));
  const index = typeof target === "string"
    ? choices.indexOf(target)
    : typeof target === "boolean"
    ? Number(target)
    : target;
  if (typeof index === "number" && Number.isInteger(index) && index >= 0 && index < choices.length) return [index];
  const among = choices.map((choice) => JSON.stringify(choice)).join(", ");
  throw answerError(
    document,
    `its target ${typeof target === "string" ? JSON.stringify(target) : pythonText(target)} is not among the ` +
      `${choices.length} choices: expected one of ${among}, or a number from 0 to ${choices.length - 1}`,
  );
}

function answerError(document: TaskDocument, what: string): UserError {
  return new UserError(
    "harness.answer",
    `${document.place}: ${what}`,
    "correct the document or the task's doc_to_target",
  );
}

/** The fields of a document as JSON. */
export function plainFields(document: TaskDocument): Record<string, unknown> {
  return JSON.parse(JSON.stringify(document.fields, (_, value) => value instanceof PythonFloat ? value.value : value));
}
