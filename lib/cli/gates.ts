// `deno task gates [run] --text … | --file … [--generate n]`: the gates of a run's stitches, token by token.
import { basename, join } from "node:path";
import { Command } from "commander";
import { closeCorpus, decodeStream, loadCorpus, type TaskText, type Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { generateGreedily } from "../eval/mod.ts";
import { END_OF_TEXT, type GateSegment, type GateTrace, type GateTrack, tokenGatesHtml } from "../report/mod.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  numberColumn,
  parseWithCommander,
  readInteger,
  seedOf,
  type Table,
  textColumn,
  writeTextAtomically,
} from "../run/mod.ts";
import { findModelRun } from "../library/mod.ts";
import { RUN_HINT } from "./model-folder.ts";
import { stitchedLanguageModel, stitchKind, summarizeGates, tokenGates } from "../stitch/mod.ts";
import { openDevice } from "../tensor/mod.ts";
import { chatRendererOf, openStitchedRun, stitchedOnDevice, type StitchedRun } from "../bts/mod.ts";
import { checkOutputFile, outputError, reason } from "./output-file.ts";
import { collect, type Print, terminalWidth } from "./command.ts";
import { readTextFile } from "./text-file.ts";

/** Label of the text that the model generates. */
const GENERATED = "generated";

/** A part of the text whose gates are shown. */
interface Part {
  readonly label: string;
  readonly text: string;
}

/** Prints the gates as tables, or all of them as JSON, and writes the colored page. */
export async function gatesCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("gates")
    .description(
      "Shows the gates of a run's stitches, token by token: which model each token takes its state from. Several texts " +
        "are joined, to show how the gates change with the context. Without a text, held-out text or questions of three " +
        "domains are used, of those with an expert first.",
    )
    .argument("[run]", "id of the run, the start of one, or last", "last")
    .option("--text <text>", "text to read; may be repeated", collect, [] as readonly string[])
    .option("--file <path>", "file with text to read; may be repeated", collect, [] as readonly string[])
    .option("--generate <number>", "tokens that the model generates after the text", "0")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--out <file>", "file of the page (default: gates.html in the run's folder)")
    .option("--json", "write everything as one JSON object; no page without --out");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const { options, positional } = parsed;
  const runsFolder = String(options.runs);
  const generate = readInteger("--generate", String(options.generate), 0, 100_000);
  const out = options.out === undefined ? undefined : await checkOutputFile(String(options.out), "gates.page");
  const given = await partsOf(options.text as readonly string[], options.file as readonly string[]);
  const run = await openStitchedRun(runsFolder, (await findModelRun(positional[0] ?? "last", runsFolder, RUN_HINT)).id);
  const parts = given.length > 0 ? given : await heldoutTasks(run, generate);
  const trace = await traceGates(run, parts, generate);
  const page = out ?? join(runsFolder, run.view.id, "gates.html");
  if (!options.json || out !== undefined) await writePage(page, tokenGatesHtml(trace));
  if (options.json) return print(jsonLine(trace));
  for (const track of trace.stitches.toReversed()) {
    print(`${formatTable(summaryTable(trace, track), terminalWidth())}\n`);
  }
  const written = trace.segments.find(({ label }) => label === GENERATED);
  if (written !== undefined) {
    const text = trace.tokens.slice(written.start, written.end).map(({ text }) => text).join("");
    print(`Generated: ${jsonLine(text)}`);
  }
  print(`Page: ${page}`);
}

async function partsOf(texts: readonly string[], files: readonly string[]): Promise<Part[]> {
  const parts = texts.map((text, i): Part => ({ label: texts.length === 1 ? "text" : `text ${i + 1}`, text }));
  for (const path of files) parts.push({ label: basename(path), text: await readTextFile(path, "gates.file") });
  const empty = parts.findIndex(({ text }) => text === "");
  if (empty >= 0) {
    const what = empty < texts.length ? parts[empty]!.label : `file ${files[empty - texts.length]}`;
    throw new UserError("gates.text", `The ${what} is empty: give at least one character`);
  }
  return parts;
}

/**
 * `text` with a newline, cut such that both are at most `room` tokens.
 *
 * @throws UserError `gates.length` when a newline alone does not fit
 */
export function fitPart(tokenizer: Pick<Tokenizer, "encode">, text: string, room: number): string {
  const line = (cut: string) => `${cut.trimEnd()}\n`;
  let cut = text;
  while (tokenizer.encode(line(cut)).length > room) {
    if (cut === "") throw new UserError("gates.length", "The model's context is too short for a part of each task");
    cut = cut.slice(0, Math.floor(cut.length * 0.9));
  }
  return line(cut);
}

/** Held-out text or questions of up to three domains, those with an expert first, as long as the context takes them. */
async function heldoutTasks({ config, view, model, tokenizer, chat }: StitchedRun, generate: number): Promise<Part[]> {
  const corpus = await loadCorpus(config.data, {
    seed: seedOf(view),
    chat: await chatRendererOf(config.data, chat),
  });
  closeCorpus(corpus); // training text is not needed
  const domains = [...new Set([...config.experts, ...corpus.domains])].slice(0, 3);
  const parts = domains.map((label): Part => {
    const answered = corpus.tasks.filter(({ domain }) => domain === label).flatMap(answeredQuestions);
    return { label, text: answered.length > 0 ? answered.join("\n") : corpus.documents[label]!.heldout[0]!.text };
  });
  const room = Math.floor((model.contextLength - 1 - generate) / parts.length);
  return parts.map(({ label, text }) => ({ label, text: fitPart(tokenizer, text, room) }));
}

/** The questions of a task, each with its right answer. */
function answeredQuestions(task: TaskText): string[] {
  switch (task.kind) {
    case "continuation":
      return [];
    case "translation":
      return task.translations.map(({ prompt, translation }) => prompt + translation);
    case "exact":
      return task.questions.map(({ prompt, answer }) => prompt + answer);
    case "choice":
      return task.questions.map(({ prompt, choices, right }) => prompt + choices[right]!);
  }
}

/**
 * Runs the stitched model over the parts, joined into one text.
 *
 * @throws UserError `gates.length` when text and generated tokens do not fit the model's context
 */
async function traceGates(run: StitchedRun, parts: readonly Part[], generate: number): Promise<GateTrace> {
  const { tokenizer, model, names } = run;
  const ids: number[] = [tokenizer.endOfText];
  const segments: GateSegment[] = [];
  for (const { label, text } of parts) {
    const start = segments.length === 0 ? 0 : ids.length;
    ids.push(...tokenizer.encode(text));
    segments.push({ label, start, end: ids.length });
  }
  if (ids.length + generate > model.contextLength) {
    throw new UserError(
      "gates.length",
      `The text has ${ids.length} tokens${
        generate === 0 ? "" : `, and ${generate} are to be generated`
      }, but the model ` +
        `takes ${model.contextLength} at once`,
      "give less text, or generate less",
    );
  }
  const device = await openDevice("auto");
  const scope = new DisposableStack();
  try {
    const { stitched } = stitchedOnDevice(run, scope);
    if (generate > 0) {
      const stop = (id: number) => id === tokenizer.endOfText;
      const [written] = await generateGreedily(stitchedLanguageModel(stitched), [ids], generate, stop);
      segments.push({ label: GENERATED, start: ids.length, end: ids.length + written!.length });
      ids.push(...written!);
    }
    const tracks = (await tokenGates(stitched, ids)).map((found): GateTrack => ({
      stitch: found.stitch + 1,
      kind: found.kind,
      after: found.after,
      models: found.models.map((i) => names[i]!),
      gates: found.gates,
      summaries: segments.map(({ start, end }) => summarizeGates(found, start, end) ?? null),
    }));
    const texts = tokenTexts(tokenizer, ids);
    const tokens = ids.map((id, i) => ({ id, text: texts[i]! }));
    return { run: run.view.id, title: run.view.title, tokens, segments, stitches: tracks };
  } finally {
    scope.dispose();
    await device.close();
  }
}

/** The text that each token adds; a character of several tokens belongs to the last of them. */
function tokenTexts(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  let stream = decodeStream(tokenizer);
  const texts = ids.map((id) => {
    if (id !== tokenizer.endOfText) return stream.push(id);
    stream = decodeStream(tokenizer);
    return END_OF_TEXT;
  });
  texts.push(texts.pop()! + stream.end());
  return texts;
}

async function writePage(path: string, html: string): Promise<void> {
  try {
    await writeTextAtomically(path, html);
  } catch (error) {
    throw outputError(path, "gates.page", reason(path, error));
  }
}

function summaryTable({ segments }: GateTrace, { stitch, kind, after, models, summaries }: GateTrack): Table {
  return {
    name: `stitch-${stitch}`,
    title: `Stitch ${stitch}, ${kind}, after layer ${after}: mean gate, and share of tokens won`,
    columns: [
      textColumn("part"),
      numberColumn("tokens", "tokens", 0),
      ...models.map((model) => numberColumn(`mean ${model}`, model, 3)),
      ...models.map((model) => numberColumn(`won ${model}`, `${model} wins`, 2)),
      ...(stitchKind(kind).shares ? [numberColumn("entropy", "entropy, bits", 2)] : []),
    ],
    rows: segments.flatMap(({ label, start, end }, i) => {
      const summary = summaries[i];
      if (summary === null || summary === undefined) return [];
      return [{
        part: label,
        tokens: end - start,
        ...Object.fromEntries(models.map((model, at) => [`mean ${model}`, summary.mean[at]!])),
        ...Object.fromEntries(models.map((model, at) => [`won ${model}`, summary.won[at]!])),
        ...(summary.entropy === null ? {} : { entropy: summary.entropy }),
      }];
    }),
  };
}
