// What a rendering has done so far, and when that is too much.
import type { Environment } from "@huggingface/jinja";

/** A value of the library. */
export type JinjaValue = ReturnType<Environment["set"]>;

/** A template that does too much; the message follows its name: "takes more than …". */
export class JinjaLimitError extends Error {}

/** Parts of the program that are evaluated, and items of lists that are made. Real templates take hundreds for a message. */
const MAX_STEPS = 4_000_000;
/** Characters of all texts that are made or searched, and of one of them. */
const MAX_CHARACTERS = 2 ** 29;
const MAX_TEXT = 2 ** 24;
/** Steps may be slow, such as a search in a long text: seconds in all, also on a busy machine. */
const MAX_SECONDS = 60;
/** Parts of the program within each other, far fewer than the stack has room for. */
const MAX_DEPTH = 300;
const STEPS_BETWEEN_CLOCKS = 1024;

/** Counts what a rendering does. Each function throws a {@linkcode JinjaLimitError} when it is too much. */
export interface Meter {
  step(count?: number): void;
  /** Runs a part of the program within others. */
  within<T>(body: () => T): T;
  /** A value that was made, or is searched: its text, or its items without theirs. */
  made(value: JinjaValue): void;
  /** A value that will be written out: a list that holds one list many times is as long as it looks. */
  writtenOut(value: JinjaValue): void;
}

/** Starts to count. */
export function startMeter(): Meter {
  const deadline = performance.now() + MAX_SECONDS * 1000;
  let [steps, clock, characters] = [0, STEPS_BETWEEN_CLOCKS, 0];

  function step(count = 1): void {
    steps += count;
    if (steps < clock) return;
    clock = steps + STEPS_BETWEEN_CLOCKS;
    if (steps > MAX_STEPS) throw new JinjaLimitError(`takes more than ${MAX_STEPS.toLocaleString("en")} steps`);
    if (performance.now() > deadline) throw new JinjaLimitError(`takes more than ${MAX_SECONDS} seconds`);
  }

  let depth = 0;
  function within<T>(body: () => T): T {
    step();
    if (depth === MAX_DEPTH) throw new JinjaLimitError("calls itself or is nested too deeply");
    depth++;
    try {
      return body();
    } finally {
      depth--;
    }
  }

  function text(length: number): void {
    step();
    characters += length;
    if (length > MAX_TEXT) {
      throw new JinjaLimitError(`makes a text of more than ${MAX_TEXT.toLocaleString("en")} characters`);
    }
    if (characters > MAX_CHARACTERS) {
      throw new JinjaLimitError(`works on more than ${MAX_CHARACTERS.toLocaleString("en")} characters`);
    }
  }

  function made(value: JinjaValue): void {
    const content: unknown = value?.value;
    if (typeof content === "string") text(content.length);
    else if (Array.isArray(content)) step(content.length);
    else if (content instanceof Map) step(content.size);
  }

  function writtenOut(value: JinjaValue): void {
    const content: unknown = value?.value;
    made(value);
    if (Array.isArray(content)) { for (const one of content) writtenOut(one); }
    else if (content instanceof Map) { for (const one of content.values()) writtenOut(one); }
  }

  return { step, within, made, writtenOut };
}
