// Recording an experiment: its cells are noted down instead of run, so that a plan comes from the code that will run.
import type { CellResult, CellRunner, PlannedCell } from "./cell.ts";

/**
 * Runs `body` against a runner that builds nothing: each cell is noted down and answered with a placeholder, as tracing
 * does in JAX. So a body must read the values and files of its cells inside later cells, which are not run here; a value
 * that later cells are described by needs `expected` in its cell.
 *
 * @returns the cells in the order in which they will run
 * @throws Error naming the cell whose value or folder was read outside of any cell
 */
export async function recordCells(body: (run: CellRunner) => Promise<unknown>): Promise<PlannedCell[]> {
  const recorded: PlannedCell[] = [];
  await body({
    cell({ name, title, inputs, cost, expected }) {
      if (recorded.some(({ cell }) => cell === name)) throw new Error(`Cannot run the cell "${name}" twice in a run`);
      const named = leavesOf(inputs);
      const needs = recorded.map(({ cell }) => cell).filter((cell) => named.has(stamp(cell)));
      recorded.push({ cell: name, title, needs, tokens: 0, flops: 0, layers: 0, bytes: 0, ...cost?.() });
      return Promise.resolve(placeholder(name, expected, stamp(name)));
    },
  });
  return recorded;
}

/** Stands for the key and the content of a cell that has not run. */
const stamp = (name: string) => `planned:${name}`;

/** The values in nested lists and objects. */
export function leavesOf(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (value !== null && typeof value === "object") { for (const part of Object.values(value)) leavesOf(part, found); }
  else found.add(value);
  return found;
}

/**
 * Stands for the result of a cell that has not run.
 *
 * @param content stands for its content
 */
export function placeholder<Value>(
  name: string,
  expected: (() => Value) | undefined,
  key: string,
  content: string = stamp(name),
): CellResult<Value> {
  const unknown = (what: string): never => {
    throw new Error(
      `Cannot plan with the ${what} of the cell "${name}", which has not run: read it inside of the cells that need it`,
    );
  };
  return {
    key,
    content,
    cached: false,
    get value() {
      return expected === undefined ? unknown("value") : expected();
    },
    get folder() {
      return unknown("folder");
    },
  };
}
