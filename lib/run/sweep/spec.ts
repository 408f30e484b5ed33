// What a sweep varies, parsed from its options: grids of values, ranges to draw from, and seeds.
import { UserError } from "../../errors.ts";
import { readInteger } from "../command-line/commander.ts";
import { LARGEST_SEED, readSeeds } from "../config/seeds.ts";

/** A setting and its values, as `--set` takes them. */
export interface GridKey {
  readonly key: string;
  readonly values: readonly string[];
}

/** How values are drawn from a range: uniformly, uniformly in the logarithm, or either one as whole numbers. */
export const SCALES = ["lin", "log", "int", "log-int"] as const;
export type Scale = (typeof SCALES)[number];

/** A setting and the range it is drawn from, ends included. */
export interface RangeKey {
  readonly key: string;
  readonly scale: Scale;
  readonly low: number;
  readonly high: number;
}

/** All that a sweep varies. */
export interface SweepSpace {
  readonly grid: readonly GridKey[];
  readonly ranges: readonly RangeKey[];
  /** Every point is a trial with each seed. */
  readonly seeds: readonly number[];
  /** Number of points to draw at random; undefined: every point of the grid. */
  readonly draws: number | undefined;
  /** Seed of the draws. */
  readonly randomSeed: number;
}

/** The options that define what is varied, as given. */
export interface SpaceOptions {
  readonly grid?: readonly string[];
  readonly range?: readonly string[];
  readonly seeds?: string | undefined;
  readonly random?: string | undefined;
  readonly randomSeed?: string | undefined;
}

const MOST_DRAWS = 1_000_000;

/**
 * Parses what a sweep varies.
 *
 * @throws UserError `sweep.malformed`, `command.malformed`, `sweep.repeated` for a key or value given twice, `sweep.empty` when nothing
 *   is varied, `sweep.conflict` for ranges without `--random` and the reverse
 */
export function readSpace(options: SpaceOptions): SweepSpace {
  const grid = (options.grid ?? []).map(readGrid);
  const ranges = (options.range ?? []).map(readRange);
  const keys = [...grid, ...ranges].map(({ key }) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  const refuse = (mistake: string, message: string, hint: string) => new UserError(`sweep.${mistake}`, message, hint);
  if (twice !== undefined) {
    throw refuse("repeated", `Cannot vary ${twice} twice`, `give all its values at once: --grid ${twice}=a,b,c`);
  }
  const seeds = readSeeds(options.seeds ?? "1");
  const draws = options.random === undefined ? undefined : readInteger("--random", options.random, 1, MOST_DRAWS);
  if (ranges.length > 0 && draws === undefined) {
    const message = `Cannot draw ${ranges[0]!.key} from a range without --random`;
    throw refuse("conflict", message, "add --random <number of draws>, or list values with --grid");
  }
  if (draws !== undefined && keys.length === 0) {
    const hint = "add --range train.stitch.lr=log:1e-4..1e-2, or --grid key=a,b to draw from a list";
    throw refuse("conflict", "Cannot draw at random: there is nothing to draw from", hint);
  }
  if (keys.length === 0 && seeds.length < 2) {
    const hint = "add --grid stitch.count=1,2,4, --random with --range, or several --seeds";
    throw refuse("empty", "This sweep varies nothing", hint);
  }
  const randomSeed = readInteger("--random-seed", options.randomSeed ?? "1", 0, LARGEST_SEED);
  return { grid, ranges, seeds, draws, randomSeed };
}

function readGrid(text: string): GridKey {
  const [key, list] = keyAndRest(text, "--grid", "--grid stitch.count=1,2,4");
  const values = splitList(list);
  const empty = values.findIndex((value) => value === "");
  if (empty >= 0) {
    const what = values.length === 1 ? `${key} has no values` : `value ${empty + 1} of ${key} is empty`;
    throw unreadable("--grid", text, what, `write --grid ${key}=a,b,c`);
  }
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) {
    throw new UserError("sweep.repeated", `Cannot read --grid ${text}: ${key} takes the value ${twice} twice`);
  }
  return { key, values };
}

/** Splits at commas outside brackets, braces and quotes: `[0,1],[2]` are two values. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted && character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

function readRange(text: string): RangeKey {
  const example = "--range train.stitch.lr=log:1e-4..1e-2";
  const [key, rest] = keyAndRest(text, "--range", example);
  const [, name = "lin", from, to] = rest.match(/^(?:([a-z-]+):)?(.+?)\.\.(.+)$/) ?? [];
  const scale = SCALES.find((scale) => scale === name);
  if (from === undefined || to === undefined || scale === undefined) {
    const reason = scale === undefined ? `"${name}" is none of ${SCALES.join(", ")}` : "it is not low..high";
    throw unreadable("--range", text, reason, `write ${example}`);
  }
  const [low, high] = [readNumber(from), readNumber(to)];
  const fault = !Number.isFinite(low)
    ? `"${from}" is not a number`
    : !Number.isFinite(high)
    ? `"${to}" is not a number`
    : low >= high
    ? `${from} is not below ${to}`
    : scale.startsWith("log") && low <= 0
    ? `a logarithm needs a low end above 0`
    : scale.endsWith("int") && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))
    ? "the ends of a range of whole numbers must be whole"
    : undefined;
  if (fault !== undefined) throw unreadable("--range", text, fault);
  return { key, scale, low, high };
}

function readNumber(text: string): number {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : NaN;
}

function unreadable(option: string, text: string, why: string, hint?: string): UserError {
  return new UserError("sweep.malformed", `Cannot read ${option} ${text}: ${why}`, hint);
}

function keyAndRest(text: string, option: string, example: string): [string, string] {
  const equals = text.indexOf("=");
  const key = text.slice(0, Math.max(0, equals)).trim();
  if (key === "") {
    throw unreadable(option, text, `it has ${equals < 0 ? 'no "="' : "no key"}`, `write ${example}`);
  }
  return [key, text.slice(equals + 1).trim()];
}
