// Built-in math problems with exact answers, generated from the seed and split by fact, not by wording.
import { hash32, type Random, random } from "../../random.ts";
import {
  MATH_LANGUAGES,
  MATH_NAMES,
  MATH_THINGS,
  type MathKind,
  type MathLanguage,
  type MathTemplate,
  mathTemplates,
} from "./math-templates.ts";
import { byteLength } from "../batches/tokenize.ts";
import type { ChoiceQuestion, Document, Problem, SplitName } from "../types.ts";

/** Prefix of the ids of generated documents. They are all worded alike, so only their keys tell which repeat each other. */
export const GENERATED = "generated:";

/** Relative frequency of each kind. */
const KIND_WEIGHTS: Readonly<Record<MathKind, number>> = {
  add: 6,
  subtract: 5,
  multiply: 3,
  divide: 3,
  larger: 2,
  smaller: 2,
  shift: 3,
  scale: 2,
  linear: 2,
  minutes: 1,
  centimetres: 1,
  grams: 1,
};

const KINDS = Object.entries(KIND_WEIGHTS).flatMap(([kind, weight]) =>
  new Array<MathKind>(weight).fill(kind as MathKind)
);

/** How many of the smaller unit make one of the larger. */
const UNITS: Readonly<Partial<Record<MathKind, number>>> = { minutes: 60, centimetres: 100, grams: 1000 };

/** A problem before it is put into words. */
export interface MathProblem {
  readonly kind: MathKind;
  readonly values: Readonly<Record<"a" | "b" | "c" | "d" | "e", number>>;
  /**
   * The facts that the problem and its worked answer state. 3 + 4 = 7, 4 + 3 = 7, 7 - 3 = 4 and x + 3 = 7 are one fact;
   * the same goes for products. A fact belongs to one split, whatever the wording and language.
   */
  readonly keys: readonly string[];
}

/** The split that a fact belongs to, by a hash of the seed: 10 % held out, 5 % validation. */
export function splitOfFact(key: string, seed: number): SplitName {
  const place = hash32(seed, "fact", key) % 100;
  return place < 10 ? "heldout" : place < 15 ? "validation" : "train";
}

/**
 * Documents of four to ten problems, one per line, of up to `bytes` bytes together; each is made when it is asked for. If
 * not even the first fits, it has fewer problems.
 *
 * @param domain each draws different problems
 * @param english share of the documents that are in English; each of the others is in one of five languages
 */
export function* mathDocuments(
  domain: string,
  split: SplitName,
  { bytes, english, seed }: { readonly bytes: number; readonly english: number; readonly seed: number },
): Generator<Document> {
  for (let total = 0, number = 0;; number++) {
    const stream = random(seed, domain, split, number);
    const language = stream.float() < english ? "en" : stream.pick(MATH_LANGUAGES.slice(1));
    const lines: string[] = [];
    const keys = new Set<string>();
    let size = 0;
    for (let left = stream.between(4, 10); left > 0; left--) {
      const problem = drawFrom(split, stream, seed);
      const { prompt, answer } = phrase(problem, language, stream);
      const line = `${prompt}${answer}\n`;
      const fits = total + size + byteLength(line) <= bytes;
      if (!fits && number > 0) return;
      if (!fits) break;
      lines.push(line);
      size += byteLength(line);
      for (const key of problem.keys) keys.add(key);
    }
    if (size === 0) return;
    yield { id: `${GENERATED}${domain}/${split}#${number + 1}`, text: lines.join(""), keys: [...keys] };
    total += size;
  }
}

/** Up to `count` distinct held-out problems of all kinds, at their usual frequencies, in English or in the other languages. */
export function mathProblems(count: number, seed: number, languages: "english" | "others" = "english"): Problem[] {
  return drawProblems(count, seed, languages).map(({ problem: { kind }, language, prompt, answer }) => ({
    prompt,
    answer,
    kind,
    language,
  }));
}

/**
 * The problems of {@linkcode mathProblems}, each with three wrong answers of the same form, whose numbers are near the
 * right one or, where the answer is one of two numbers, the other.
 */
export function mathChoices(count: number, seed: number): ChoiceQuestion[] {
  const stream = random(seed, "math", "choices");
  return drawProblems(count, seed, "english").map(({ problem, prompt, answer, answerFor }) => {
    const wrong = stream.shuffle(nearAnswers(problem)).map(answerFor);
    const choices = stream.shuffle([answer, ...[...new Set(wrong)].filter((one) => one !== answer).slice(0, 3)]);
    return { prompt, choices, right: choices.indexOf(answer) };
  });
}

/** The values of a problem with other results, of about as many digits. */
function nearAnswers({ kind, values }: MathProblem): MathProblem["values"][] {
  const unknown = kind === "shift" || kind === "scale" || kind === "linear" ? "b" : "c";
  const right = values[unknown];
  const unit = UNITS[kind] ?? 1;
  const near = [-10, -2, -1, 1, 2, 10].map((step) => right + step * unit).filter((value) => value >= 0);
  const others = kind === "larger" || kind === "smaller" ? [values.a + values.b - right] : [];
  return [...others, ...near].map((value) => ({
    ...values,
    [unknown]: value,
    ...(kind === "linear" ? { c: values.a * value } : {}),
  }));
}

interface Drawn extends Phrased {
  readonly problem: MathProblem;
  readonly language: MathLanguage;
}

function drawProblems(count: number, seed: number, languages: "english" | "others"): Drawn[] {
  const stream = languages === "english"
    ? random(seed, "math", "problems")
    : random(seed, "math", "problems", languages);
  const problems = new Map<string, Drawn>();
  for (let tries = 0; problems.size < count && tries < 20 * count; tries++) {
    const problem = drawFrom("heldout", stream, seed);
    const language = languages === "english" ? "en" : stream.pick(MATH_LANGUAGES.slice(1));
    const phrased = phrase(problem, language, stream);
    problems.set(phrased.prompt, { problem, language, ...phrased });
  }
  return [...problems.values()];
}

/** A problem whose facts all belong to the split. */
function drawFrom(split: SplitName, stream: Random, seed: number): MathProblem {
  for (;;) {
    // The kind is drawn first; otherwise kinds with several facts would be rare in splits with few facts. A split may have
    // no problem of some kind: then another kind is drawn.
    const kind = stream.pick(KINDS);
    for (let tries = 0; tries < 1000; tries++) {
      const problem = drawProblem(kind, stream);
      if (problem.keys.every((key) => splitOfFact(key, seed) === split)) return problem;
    }
  }
}

function drawProblem(kind: MathKind, stream: Random): MathProblem {
  // Half of the terms are small, so that small models see each small sum often.
  const term = () => stream.int(2) === 0 ? stream.int(21) : stream.int(100);
  const factor = () => stream.between(2, stream.int(2) === 0 ? 10 : 25);
  switch (kind) {
    case "add":
    case "subtract":
    case "shift": {
      const [a, b] = [term(), term()];
      const keys = [fact("sum", a, b)];
      if (kind === "subtract") return problem(kind, { a: a + b, b, c: a }, keys);
      return problem(kind, { a, b, c: a + b }, keys);
    }
    case "multiply":
    case "divide":
    case "scale": {
      const [a, b] = [factor(), factor()];
      const keys = [fact("product", a, b)];
      if (kind === "divide") return problem(kind, { a: a * b, b, c: a }, keys);
      return problem(kind, { a, b, c: a * b }, keys);
    }
    case "larger":
    case "smaller": {
      const top = stream.pick([20, 100, 1000]);
      const a = stream.int(top);
      let b = stream.int(top - 1);
      if (b >= a) b++;
      const c = kind === "larger" ? Math.max(a, b) : Math.min(a, b);
      return problem(kind, { a, b, c }, [fact("order", a, b)]);
    }
    case "linear": {
      const [a, b] = [stream.between(2, 10), stream.between(2, 12)];
      const d = stream.between(1, 30);
      return problem(kind, { a, b, c: a * b, d, e: a * b + d }, [fact("product", a, b), fact("sum", a * b, d)]);
    }
    case "minutes":
    case "centimetres":
    case "grams": {
      const a = stream.between(2, 99);
      return problem(kind, { a, c: a * UNITS[kind]! }, [`${kind} ${a}`]);
    }
  }
}

function problem(kind: MathKind, values: Partial<MathProblem["values"]>, keys: string[]): MathProblem {
  return { kind, values: { a: 0, b: 0, c: 0, d: 0, e: 0, ...values }, keys };
}

function fact(family: string, a: number, b: number): string {
  return `${family} ${Math.min(a, b)} ${Math.max(a, b)}`;
}

/** A problem in words. */
interface Phrased extends MathTemplate {
  /** The answer in the same words if the values were others. */
  readonly answerFor: (values: MathProblem["values"]) => string;
}

function phrase({ kind, values }: MathProblem, language: MathLanguage, stream: Random): Phrased {
  const plurals = values.a >= 2 && (values.b >= 2 || UNITS[kind] !== undefined);
  const { prompt, answer } = stream.pick(
    mathTemplates(kind, language).filter((one) => plurals || !one.prompt.includes("{things}")),
  );
  const words = { name: stream.pick(MATH_NAMES), things: stream.pick(MATH_THINGS[language]) };
  const fill = (text: string, values: MathProblem["values"]) => {
    const slots: Record<string, string | number> = { ...values, ...words };
    return text.replace(/\{(\w+)\}/g, (_, slot: string) => String(slots[slot]));
  };
  const answerFor = (others: MathProblem["values"]) => fill(answer, others);
  return { prompt: fill(prompt, values), answer: answerFor(values), answerFor };
}
