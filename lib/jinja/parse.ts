// From a template's text to a program.
import { type Interpreter, parse, tokenize } from "@huggingface/jinja";

/** A template that was parsed. */
export type JinjaProgram = ReturnType<typeof parse>;

/** A part of a program. */
export type JinjaNode = NonNullable<Parameters<Interpreter["evaluate"]>[0]>;

/** How a template is read. */
export interface JinjaSyntax {
  /** Jinja's `trim_blocks` and `lstrip_blocks`: a line with nothing but a block leaves no trace. @default false */
  readonly trim?: boolean;
  /** Jinja's `keep_trailing_newline`. @default false */
  readonly keepLastLineEnd?: boolean;
}

/** Parses a template. @throws Error with what is wrong with it */
export function parseJinja(
  template: string,
  { trim = false, keepLastLineEnd = false }: JinjaSyntax = {},
): JinjaProgram {
  // Jinja takes every kind of line end for a newline; the library drops one at the end.
  const text = template.replaceAll(/\r\n?/g, "\n") + (keepLastLineEnd ? "\n" : "");
  try {
    return parse(tokenize(text, { trim_blocks: trim, lstrip_blocks: trim }));
  } catch (error) {
    throw error instanceof RangeError ? new Error("it is nested too deeply") : error;
  }
}
