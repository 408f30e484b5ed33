// Texts that a run kept, of which two can be compared line by line: long ones by their beginning and end.
import { join } from "node:path";
import { CAPTURED_FOLDER, OUTPUT_FILE, type Provenance } from "../../run/mod.ts";
import type { TextKind } from "../client/compare/view.ts";
import { readPlainPart } from "../files.ts";

/** Bytes of a long text that are compared: its first and its last. */
const [HEAD_BYTES, TAIL_BYTES] = [96 * 1024, 32 * 1024];

/** A run's text; undefined if it kept none. @param made the run's provenance */
export async function keptText(
  folder: string,
  made: Provenance | undefined,
  kind: TextKind,
): Promise<string | undefined> {
  const parts = await Promise.all(filesOf(folder, made, kind).map(boundedText));
  const there = parts.filter((text) => text !== undefined);
  return there.length === 0 ? undefined : there.join("");
}

function filesOf(folder: string, made: Provenance | undefined, kind: TextKind): string[] {
  if (kind === "console") return [join(folder, OUTPUT_FILE)];
  const names = {
    changes: [made?.git?.diff.file, made?.git?.untracked?.file],
    script: [made?.scriptFile],
    packages: [made?.lock?.file],
  }[kind];
  // The names are the run's own words: nothing outside of its folder is read for them.
  return names.flatMap((name) =>
    typeof name === "string" && /^[\w.-]+$/.test(name) ? join(folder, CAPTURED_FOLDER, name) : []
  );
}

async function boundedText(path: string): Promise<string | undefined> {
  const head = await readPlainPart(path, 0, HEAD_BYTES + TAIL_BYTES);
  if (head.size === 0) return undefined;
  const decoder = new TextDecoder();
  if (head.bytes.length === head.size) return ended(decoder.decode(head.bytes));
  const tail = await readPlainPart(path, head.size - TAIL_BYTES, TAIL_BYTES);
  const left = head.size - HEAD_BYTES - TAIL_BYTES;
  const [begin, end] = [decoder.decode(head.bytes.subarray(0, HEAD_BYTES)), decoder.decode(tail.bytes)];
  // Half lines at the cut are left out.
  return `${begin.slice(0, begin.lastIndexOf("\n") + 1)}… about ${left} bytes are left out …\n${
    ended(end.slice(end.indexOf("\n") + 1))
  }`;
}

const ended = (text: string) => text.endsWith("\n") ? text : `${text}\n`;
