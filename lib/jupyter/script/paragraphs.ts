// A script without markers, cut where its top level has empty lines.
import ts from "typescript";

/**
 * The number of the line that each paragraph begins at, but for the first; empty lines belong to the one before. Line
 * comments that begin the script are a paragraph, even without an empty line after them.
 */
export function paragraphStarts(lines: readonly string[]): number[] {
  const text = lines.join("\n");
  const file = ts.createSourceFile("script.tsx", text, ts.ScriptTarget.Latest);
  const spans = [...file.statements, file.endOfFileToken].flatMap((node) => [
    ...(ts.getLeadingCommentRanges(text, node.pos) ?? []).map(({ pos, end }) => [pos, end] as const),
    [node.getStart(file), node.end] as const,
  ]);
  const starts: number[] = [];
  const head = lines.findIndex((line) => !line.startsWith("//"));
  if (head > 0 && lines[head]!.trim() !== "") starts.push(head);
  let at = 0, span = 0, offset = 0, empty = false, filled = false;
  for (; at < lines.length; at++) {
    const line = lines[at]!;
    while (span < spans.length && spans[span]![1] <= offset) span++;
    const inside = span < spans.length && spans[span]![0] < offset;
    if (line.trim() === "" && !inside) empty = true;
    else {
      if (empty && filled) starts.push(at);
      [empty, filled] = [false, true];
    }
    offset += line.length + 1;
  }
  return starts;
}
