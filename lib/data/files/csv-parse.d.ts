// The part of csv-parse that we use. Its own types pull in those of Node, which differ from Deno's.
import type { Transform } from "node:stream";

export interface Options {
  readonly encoding: "latin1";
  readonly delimiter: string;
  readonly record_delimiter: readonly string[];
  readonly info: true;
  readonly relax_column_count: boolean;
  readonly relax_quotes: boolean;
  readonly max_record_size: number;
}

/** A stream of CSV in, of `{ record, info }` out. */
export function parse(options: Options): Transform;
