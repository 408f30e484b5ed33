// Executes the code cells of a notebook, one after the other, in a kernel of its own.
import { stripVTControlCharacters } from "node:util";
import { type CodeCell, DENO_METADATA, type Notebook, type NotebookCell } from "./format/mod.ts";
import { collectOutputs, errorOutput, type Kernel } from "./kernel/mod.ts";
import { syntaxError } from "./syntax-error.ts";

/** The cell that an execution is at. */
export interface CellAt {
  /** Number of the code cell, counted from 1. */
  readonly number: number;
  /** Number of all code cells. */
  readonly of: number;
  /** First line of its code. */
  readonly line: string;
}

/** What went wrong in a cell. */
export interface CellFailure {
  readonly cell: CellAt;
  /** Name and message of the error, or how the kernel ended. */
  readonly what: string;
}

/** Options of {@linkcode executeNotebook}. */
export interface ExecuteOptions {
  readonly kernel: Kernel;
  /** Stops the execution; what is executed stays. */
  readonly signal: AbortSignal;
  /** Called with the notebook as it is then, after each cell and now and then during a long one. */
  readonly save: (notebook: Notebook) => Promise<void>;
  /** Called when a cell starts, and when it has ended with how long it took. */
  readonly report: (cell: CellAt, seconds?: number) => void;
}

/** While a cell runs, new output is saved this often. */
const SAVE_MS = 5_000;
/** How long output is awaited after the last cell. What is late belongs to its cell, even when the next one runs. */
const LAST_MS = 200;

/**
 * Executes a notebook from its first cell to its last, or to the first that fails. Cells tagged `raises-exception` may
 * fail, and those tagged `skip-execution` are left as they are.
 *
 * @returns the failure, or undefined
 * @throws the signal's reason when it is aborted, after saving
 */
export async function executeNotebook(notebook: Notebook, options: ExecuteOptions): Promise<CellFailure | undefined> {
  const { kernel, signal, save, report } = options;
  const outputs = collectOutputs();
  const cells = notebook.cells.map((cell): NotebookCell =>
    runs(cell) ? { ...cell, execution_count: null, outputs: [] } : cell
  );
  const ran = new Set<number>();
  const now = (): Notebook => ({
    ...notebook,
    metadata: { ...DENO_METADATA, ...notebook.metadata, language_info: kernel.language },
    cells: cells.map((cell, at) => ran.has(at) ? { ...cell as CodeCell, outputs: outputs.of(at) } : cell),
  });
  const all = cells.flatMap((cell, at) => runs(cell) ? [at] : []);
  const stopped = new Promise<"stopped">((resolve) => signal.addEventListener("abort", () => resolve("stopped")));

  const executeCell = async (at: number, where: CellAt): Promise<CellFailure | undefined> => {
    const cell = cells[at] as CodeCell;
    const started = performance.now();
    let dirty = false, saving = Promise.resolve();
    const timer = setInterval(() => {
      // What keeps it from being saved now will do so after the cell, too.
      if (dirty) saving = saving.then(() => save(now())).catch(() => {});
      dirty = false;
    }, SAVE_MS);
    ran.add(at);
    report(where);
    const listen = (message: Parameters<typeof outputs.add>[1]) => dirty = outputs.add(at, message) || dirty;
    const outcome = await Promise.race([kernel.execute(cell.source, listen), kernel.ended, stopped]);
    clearInterval(timer);
    await saving;
    // Ctrl-C reaches the kernel as well, and its end may be seen first.
    if (outcome !== "stopped" && !("count" in outcome)) await sleep(100);
    if (outcome === "stopped" || signal.aborted) throw signal.reason;
    if (!("count" in outcome)) {
      const how = outcome.signal === null ? `exit code ${outcome.code}` : outcome.signal;
      return { cell: where, what: `the kernel ended (${how})` };
    }
    cells[at] = { ...cell, execution_count: outcome.count };
    report(where, (performance.now() - started) / 1000);
    if (outcome.status !== "error") return undefined;
    let error = outputs.of(at).findLast((output) => output.output_type === "error");
    if (error === undefined) {
      // The kernel publishes nothing about code that it cannot parse.
      error = await syntaxError(cell.source) ?? errorOutput(outcome.content);
      outputs.add(at, { type: "error", content: error });
    }
    if (tagged(cell, "raises-exception")) return undefined;
    return { cell: where, what: stripVTControlCharacters(`${error.ename}: ${error.evalue}`) };
  };

  try {
    for (const [i, at] of all.entries()) {
      const { source } = cells[at]!;
      const failure = await executeCell(at, { number: i + 1, of: all.length, line: firstLine(source) });
      if (failure !== undefined) return failure;
      await save(now());
    }
    return undefined;
  } finally {
    await sleep(LAST_MS);
    await save(now());
  }
}

const sleep = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms));

const runs = (cell: NotebookCell): cell is CodeCell =>
  cell.cell_type === "code" && cell.source.trim() !== "" && !tagged(cell, "skip-execution");

/** Whether a cell has a tag. */
export function tagged(cell: NotebookCell, tag: string): boolean {
  const { tags } = cell.metadata;
  return Array.isArray(tags) && tags.includes(tag);
}

/** The first line with code that is not a comment, cut. */
function firstLine(source: string): string {
  const lines = source.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const line = lines.find((one) => !one.startsWith("//")) ?? lines[0] ?? "";
  return line.length > 72 ? `${line.slice(0, 71)}…` : line;
}
