// How models are asked: to solve a problem, to revise a solution, to summarize attempts, to choose among them. The paper's
// prompts (arXiv 2510.01123) are not published with it; these are our own.
import { lineAnswer, statedAnswer } from "./exact.ts";

/** What a model reads: a message from a user, or a text that it continues. */
export interface Prompt {
  readonly kind: "message" | "text";
  readonly text: string;
}

/** A way of asking, and of reading the answers. */
export interface Format {
  readonly name: FormatName;
  /** Texts that end an answer. */
  readonly stop: readonly string[];
  /** @param workspace what earlier rounds came to */
  solve(question: string, workspace?: string): Prompt;
  revise(question: string, solution: string): Prompt;
  /** @param words about how long the summary may be */
  summarize(question: string, drafts: readonly string[], words: number): Prompt;
  /** The workspace that is made of a summary. */
  summary(question: string, text: string): string;
  /** Asks for the numbers of the `count` drafts that are most likely right. */
  choose(question: string, drafts: readonly string[], count: number): Prompt;
  /** Indices of the drafts that the answer to {@linkcode Format.choose} names, best first; may be empty. */
  chosen(text: string, drafts: readonly string[]): number[];
  /** Drafts as a workspace. */
  quote(question: string, drafts: readonly string[]): string;
  /** The answer that a solution states, in lowest terms; undefined if it states none. */
  answerOf(text: string): string | undefined;
}

/** `chat`: a message. `completion`: a text with worked examples. `line`: problem and answer on one line, as in the domain math. */
export const FORMAT_NAMES = ["chat", "completion", "line"] as const;
export type FormatName = typeof FORMAT_NAMES[number];

const numbered = (drafts: readonly string[]) =>
  drafts.map((draft, i) => `Attempt ${i + 1}:\n${draft.trim()}`).join("\n\n");

/** Numbers from 1 that are mentioned, as indices, each once. */
function named(text: string, drafts: readonly string[]): number[] {
  const found = [...text.matchAll(/\d+/g)].map(([number]) => Number(number) - 1);
  return [...new Set(found)].filter((index) => index >= 0 && index < drafts.length);
}

const message = (text: string): Prompt => ({ kind: "message", text });
const text = (text: string): Prompt => ({ kind: "text", text });

const TASK = 'Think step by step. Then write the final answer on a line of its own as "Answer:" and one number.';

const chat: Format = {
  name: "chat",
  stop: [],
  solve: (question, workspace) =>
    message(
      workspace === undefined
        ? `Solve this problem. ${TASK}\n\nProblem: ${question}`
        : `Solve this problem. Notes from earlier attempts follow it; they may be wrong, so check them. ${TASK}\n\n` +
          `Problem: ${question}\n\nNotes:\n${workspace}`,
    ),
  revise: (question, solution) =>
    message(
      "Here are a problem and a solution, which may be wrong. Find its mistakes, if it has any, and write a better " +
        `solution. ${TASK}\n\nProblem: ${question}\n\nSolution:\n${solution.trim()}`,
    ),
  summarize: (question, drafts, words) =>
    message(
      "Here are a problem and several attempts at it. Summarize them for somebody who solves the problem anew: where " +
        `they agree, where they contradict each other and which is right, and useful steps. Use at most ${words} words.` +
        `\n\nProblem: ${question}\n\n${numbered(drafts)}`,
    ),
  summary: (_question, text) => text.trim(),
  choose: (question, drafts, count) =>
    message(
      `Here are a problem and ${drafts.length} attempts at it. Which ${
        count === 1 ? "attempt is" : `${count} attempts are`
      } most likely right? Write only ${count === 1 ? "its number" : "their numbers, the best first"}.\n\n` +
        `Problem: ${question}\n\n${numbered(drafts)}`,
    ),
  chosen: named,
  quote: (_question, drafts) => numbered(drafts),
  answerOf: statedAnswer,
};

/** Worked examples, which show a model without a chat template what an answer looks like. */
const EXAMPLES = [
  "Question: There are 3 boxes with 4 apples each. Tom eats 2 apples. How many apples are left?\n" +
  "Solution: The boxes hold 3 * 4 = 12 apples. Without the 2 that Tom eats, 12 - 2 = 10. The answer is 10.",
  "Question: Solve 5x + 3 = 18.\nSolution: 5x = 18 - 3 = 15, so x = 15 / 5 = 3. The answer is 3.",
].join("\n\n");

const asked = (question: string) => `${EXAMPLES}\n\nQuestion: ${question}`;

const completion: Format = {
  ...chat,
  name: "completion",
  stop: ["\n\n", "\nQuestion:"],
  solve: (question, workspace) =>
    text(
      workspace === undefined ? `${asked(question)}\nSolution:` : `${asked(question)}\n${workspace}\nChecked solution:`,
    ),
  revise: (question, solution) => text(`${asked(question)}\nAttempt: ${solution.trim()}\nCorrected solution:`),
  summarize: (question, drafts) => text(`${asked(question)}\n${quoted(drafts)}\nIn summary, the attempts say that`),
  summary: (_question, text) => `The attempts say that ${text.trim()}`,
  choose: (question, drafts, count) =>
    text(
      `${asked(question)}\n${quoted(drafts)}\nMost likely right ${count === 1 ? "is attempt" : "are the attempts"}`,
    ),
  quote: (_question, drafts) => quoted(drafts),
};

/** One line each, because an empty line ends an answer. */
const quoted = (drafts: readonly string[]) =>
  drafts.map((draft, i) => `Attempt ${i + 1}: ${draft.trim().replaceAll(/\s+/g, " ")}`).join("\n");

const line: Format = {
  name: "line",
  stop: ["\n"],
  solve: (question, workspace) => text(workspace === undefined ? question : `${workspace}\n${question}`),
  revise: (question, solution) => text(`${line.quote(question, [solution])}\n${question}`),
  // A model that knows only such lines reads the attempts, and writes one more.
  summarize: (question, drafts) => text(`${line.quote(question, drafts)}\n${question}`),
  summary: (question, text) => line.quote(question, [text]),
  choose: (question, drafts) => text(`${line.quote(question, drafts)}\n${question}`),
  chosen(text, drafts) {
    const answer = lineAnswer(text);
    if (answer === undefined) return [];
    return drafts.flatMap((draft, i) => lineAnswer(draft) === answer ? [i] : []);
  },
  quote: (question, drafts) => drafts.map((draft) => `${question}${draft.split("\n", 1)[0]}`).join("\n"),
  answerOf: lineAnswer,
};

export const FORMATS: Readonly<Record<FormatName, Format>> = { chat, completion, line };
