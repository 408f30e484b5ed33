// Reads a user's task: one question per line of a JSON-lines file.
import { UserError } from "../errors.ts";
import { fileBlocks } from "./files/blocks.ts";
import { findFiles } from "./files/find.ts";
import { jsonLines } from "./files/json.ts";
import { placeName, type RecordPlace } from "./files/records.ts";
import type { ChoiceQuestion, ExactQuestion, TaskQuestions } from "./types.ts";

const EXAMPLE =
  'Each line is {"question": "…", "choices": ["…", "…"], "answer": "…"}, or {"question": "…", "answer": ' +
  '"…"} for an exact answer';

/**
 * The questions of a file. Those with `choices` are multiple choice: `answer` is the right one, or its index from 0. Those
 * without are answered exactly: `answer` is one line of text, or a number. A file has questions of one kind.
 *
 * As in common practice, the model reads the question, and continues it with a space and the answer; after a question that
 * ends with a line end, the answer follows directly.
 *
 * @param pattern path or glob
 * @param setting the setting that names it, such as `data.tasks.law`, for messages
 * @throws UserError `data.task` with file, line and field
 */
export async function readQuestions(pattern: string, setting: string): Promise<TaskQuestions> {
  const choices: ChoiceQuestion[] = [];
  const exact: ExactQuestion[] = [];
  for (const path of findFiles(pattern, setting).files) {
    for await (const batch of jsonLines(path, fileBlocks(path))) {
      for (const { place, read } of batch) {
        const question = questionOf(recordOf(read), place);
        if ("choices" in question) choices.push(question);
        else exact.push(question);
        if (choices.length === 0 || exact.length === 0) continue;
        const other = "choices" in question ? 'has the field "choices"' : 'has no field "choices"';
        throw new UserError(
          "data.task",
          `${placeName(place)} ${other}, unlike the lines before it: a task is either multiple choice or exact`,
          "Split the file in two; a domain has one task, so attach one of them to it",
        );
      }
    }
  }
  if (choices.length > 0) return { kind: "choice", questions: choices };
  if (exact.length > 0) return { kind: "exact", questions: exact };
  throw new UserError("data.task", `${setting} names ${pattern}, which has no questions`, EXAMPLE);
}

/** A record; `data.skipBad`, which the hint for training text names, does not skip questions. */
function recordOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError && error.code === "data.not-utf8")) throw error;
    throw new UserError(error.code, error.message, "Save it as UTF-8, for instance with `iconv -f latin1 -t utf-8`");
  }
}

function questionOf(record: unknown, place: RecordPlace): ChoiceQuestion | ExactQuestion {
  const refuse = (field: string, why: string) =>
    new UserError("data.task", `${placeName(place)}: the field "${field}" ${why}`, EXAMPLE);
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new UserError("data.task", `${placeName(place)} is not a JSON object`, EXAMPLE);
  }
  const { question, choices, answer } = record as Readonly<Record<string, unknown>>;
  const isText = (value: unknown): value is string =>
    typeof value === "string" && value.trim() !== "" && value.isWellFormed() && !value.includes("\0");
  if (!isText(question)) throw refuse("question", wrong(question, "text"));
  const prompt = question.replace(/[ \t]+$/, "");
  const after = /[\r\n]$/.test(prompt) ? "" : " ";
  if (answer === undefined || answer === null) throw refuse("answer", "is missing");
  if (choices === undefined) {
    const text = typeof answer === "number" ? String(answer) : answer;
    if (!isText(text)) throw refuse("answer", wrong(answer, "text or a number"));
    if (/[\r\n]/.test(text.trim())) throw refuse("answer", "has several lines, but an exact answer ends with its line");
    return { prompt, answer: after + text.trim() };
  }
  if (!Array.isArray(choices) || choices.length < 2 || !choices.every(isText)) {
    throw refuse("choices", "is not a list of at least two texts");
  }
  const texts = choices.map((choice) => choice.trim());
  const twice = texts.find((choice, i) => texts.indexOf(choice) !== i);
  if (twice !== undefined) throw refuse("choices", `has ${JSON.stringify(twice)} twice`);
  const right = typeof answer === "number" ? answer : typeof answer === "string" ? texts.indexOf(answer.trim()) : -1;
  if (!Number.isInteger(right) || right < 0 || right >= texts.length) {
    throw refuse("answer", `is ${JSON.stringify(answer)}, which is neither one of the choices nor an index from 0`);
  }
  return { prompt, choices: texts.map((choice) => after + choice), right };
}

function wrong(value: unknown, expected: string): string {
  if (value === undefined) return "is missing";
  if (typeof value === "string") return value.trim() === "" ? "is empty" : "is not valid Unicode text";
  return `is not ${expected}`;
}
