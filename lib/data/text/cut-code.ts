// Cuts source code into documents at its declarations.
import { packPieces, PIECE_CHARACTERS } from "./cut.ts";

/**
 * Cuts source code before its least indented declarations, and deeper only where a declaration is longer than
 * {@linkcode PIECE_CHARACTERS}. Short neighbors share a piece. Lines are never cut, so a piece may be longer.
 */
export function cutCode(text: string): string[] {
  return packPieces(cutAtIndent(text.split("\n"), 0).map((lines) => lines.join("\n")), "\n");
}

function cutAtIndent(lines: readonly string[], indent: number): string[][] {
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  if (size <= PIECE_CHARACTERS || lines.length === 1) return [[...lines]];
  if (indent > 24) return cutEvenly(lines);
  const starts = lines.flatMap((line, i) => i > 0 && opensAt(line, indent) && !continues(lines[i - 1]!) ? [i] : []);
  if (starts.length === 0) return cutAtIndent(lines, indent + 2);
  const blocks = [0, ...starts].map((start, i) => lines.slice(start, starts[i] ?? lines.length));
  return blocks.flatMap((block) => cutAtIndent(block, indent + 2));
}

/** Whether a declaration may begin on this line: at exactly this indent, with a letter, a comment or a decorator. */
function opensAt(line: string, indent: number): boolean {
  return /^[\p{L}_$/@"'[]/u.test(line.slice(indent)) && line.slice(0, indent).trim() === "";
}

/** Whether the next line belongs to this one: a comment or a decorator above a declaration. */
function continues(line: string): boolean {
  return /^\s*(?:\/\/|\/?\*|@)/.test(line);
}

function cutEvenly(lines: readonly string[]): string[][] {
  const blocks: string[][] = [[]];
  let size = 0;
  for (const line of lines) {
    if (size > 0 && size + line.length > PIECE_CHARACTERS) {
      blocks.push([]);
      size = 0;
    }
    blocks[blocks.length - 1]!.push(line);
    size += line.length + 1;
  }
  return blocks;
}
