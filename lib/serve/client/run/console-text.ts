// Finding lines of console output. Pure.

/** A line with its number from 1. */
export interface FoundLine {
  readonly number: number;
  /** The line in parts: every second one is what was looked for. */
  readonly parts: readonly string[];
}

/** Lines of a text that contain `wanted`, in any case: the first `most`, and how many there are. */
export function findLines(
  text: string,
  wanted: string,
  most: number,
): { readonly lines: readonly FoundLine[]; readonly count: number } {
  const lines: FoundLine[] = [];
  let count = 0;
  const needle = wanted.toLowerCase();
  for (const [i, line] of text.split("\n").entries()) {
    if (!line.toLowerCase().includes(needle)) continue;
    if (count++ < most) lines.push({ number: i + 1, parts: partsOf(line, needle) });
  }
  return { lines, count };
}

function partsOf(line: string, needle: string): string[] {
  const lower = line.toLowerCase();
  // Some letters have another length in lower case: then places in one are none in the other.
  if (lower.length !== line.length) return [line];
  const parts: string[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    parts.push(line.slice(from, at), line.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...parts, line.slice(from)];
}
