// Runs whose measuring cell kept the loss of every document and every answer, for tests of paired differences.
import { join } from "node:path";
import { ANSWERS_FILE, LOSSES_FILE, MEASURED_ON_FILE, type MeasuredOn } from "../../lib/run/paired/kept-scores.ts";
import type { EventBody } from "../../lib/run/events/events.ts";
import { random } from "../../lib/random.ts";
import { demoBodies } from "./demo-log.ts";
import { fakeRun } from "./fake-run.ts";
import { resultsOf } from "./results.ts";

/** What a test says of a run. */
export interface ScoredRun {
  readonly id: string;
  /** Nats per byte beyond the usual, by method. @default those of `seed` 0.2 and `bts` 0 */
  readonly worse?: Readonly<Record<string, number>>;
  /** Which text and questions it was measured on. @default 0 */
  readonly text?: number;
  /** Whether it says which. @default true */
  readonly named?: boolean;
  readonly title?: string;
  readonly seed?: number;
  /** @default `{ width: 64 }` */
  readonly model?: Readonly<Record<string, number>>;
  /** @default none */
  readonly output?: string;
}

export const SCORED_DOMAINS = ["english", "code"];
const [DOCUMENTS, QUESTIONS] = [40, 60];

/** The losses of documents, by domain: their bytes follow from the text alone. */
export function lossesOn(text: number, worse: number) {
  return Object.fromEntries(SCORED_DOMAINS.map((domain) => {
    const from = random(7, "documents", text, domain);
    const bytes = Array.from({ length: DOCUMENTS }, () => 200 + from.int(800));
    return [domain, { bytes, nll: bytes.map((size) => size * (1.4 + worse + 0.3 * from.float())) }];
  }));
}

/** Answers: the better a method, the more are right. */
export function answersOn(text: number, worse: number) {
  const from = random(7, "questions", text);
  return { arithmetic: Array.from({ length: QUESTIONS }, () => from.float() > 0.4 + worse) };
}

const keyOf = (id: string) =>
  Array.from(id, (letter) => letter.charCodeAt(0).toString(16)).join("").padEnd(64, "0").slice(-64);

/** Writes a run that is done, with what its cell `evaluate` kept. */
export async function writeScoredRun(runsFolder: string, made: ScoredRun): Promise<void> {
  const { id, worse = { seed: 0.2, bts: 0 }, text = 0, named = true, title = id, seed = 1, model = { width: 64 } } =
    made;
  const key = keyOf(id);
  const folder = join(runsFolder, ".cells", key);
  await Deno.mkdir(folder, { recursive: true });
  const of = <T>(make: (worse: number) => T) =>
    Object.fromEntries(Object.entries(worse).map(([method, one]) => [method, make(one)]));
  const [losses, answers] = [of((one) => lossesOn(text, one)), of((one) => answersOn(text, one))];
  const names = (all: readonly string[]) => Object.fromEntries(all.map((name) => [name, `${name} of text ${text}`]));
  const on: MeasuredOn = { documents: names(SCORED_DOMAINS), questions: names(["arithmetic"]) };
  const files = { [LOSSES_FILE]: losses, [ANSWERS_FILE]: answers, ...(named ? { [MEASURED_ON_FILE]: on } : {}) };
  const artifacts = Object.entries(files).map(([name, content], i): EventBody => {
    const text = JSON.stringify(content);
    Deno.writeTextFileSync(join(folder, name), text);
    const sha256 = `${key.slice(0, 62)}0${i}`;
    return { kind: "artifact", cell: "evaluate", name, path: `.cells/${key}/${name}`, bytes: text.length, sha256 };
  });
  const run = fakeRun(runsFolder, id);
  run.append(
    demoBodies({ id, steps: 4, title }).flatMap((body) => {
      if (body.kind === "run.start") return [{ ...body, seed, config: { model: { ...model } } }];
      if (body.kind === "cell.end" && body.cell === "evaluate") return [...artifacts, body];
      if (body.kind === "run.end") return [{ ...body, results: resultsFrom(losses, answers) }];
      return [body];
    }),
  );
  run.release();
  if (made.output !== undefined) await Deno.writeTextFile(join(run.folder, "output.log"), made.output);
}

/** The results that losses and answers give. */
export function resultsFrom(
  losses: Readonly<Record<string, ReturnType<typeof lossesOn>>>,
  answers: Readonly<Record<string, ReturnType<typeof answersOn>>>,
) {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return resultsOf(
    SCORED_DOMAINS,
    Object.fromEntries(
      Object.entries(losses).map(([method, domains]) => {
        const bpb = Object.fromEntries(
          Object.entries(domains).map(([domain, { nll, bytes }]) => [domain, sum(nll) / (Math.LN2 * sum(bytes))]),
        );
        const { arithmetic } = answers[method]!;
        const value = arithmetic.filter(Boolean).length / arithmetic.length;
        return [method, {
          bpb: { ...bpb, mean: sum(Object.values(bpb)) / SCORED_DOMAINS.length },
          tasks: { arithmetic: { value, low: 0, high: 1, samples: arithmetic.length } },
        }];
      }),
    ),
  );
}
