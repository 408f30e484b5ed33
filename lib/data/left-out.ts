// Reports what was left out of the user's own text.
import type { DomainReport } from "./types.ts";

/** One sentence for each domain whose own text is not used in full. */
export function leftOut(report: Readonly<Record<string, DomainReport>>): string[] {
  return Object.entries(report).flatMap(([domain, found]) => {
    if (found.source === "builtin") return [];
    const parts = [
      counted(found.badFiles, "unreadable file"),
      counted(found.badRecords, "unreadable record"),
      counted(found.emptyFiles, "empty file"),
      counted(found.emptyTexts, "record without text", "records without text"),
      counted(found.exactDuplicates, "exact duplicate"),
      counted(
        found.nearDuplicates,
        "near duplicate of held-out or validation text or of a question",
        "near duplicates of held-out or validation text or of questions",
      ),
    ].filter((part) => part !== undefined);
    const sentences = [
      ...(parts.length === 0 ? [] : [`left out ${parts.join(", ")}`]),
      ...(found.cut === 0 ? [] : [`used ${counted(found.cut, "long document")} in part, to keep to the budgets`]),
    ];
    if (sentences.length === 0) return [];
    const first = found.firstBad === undefined ? "" : `. The first that could not be read: ${found.firstBad}`;
    return [`data.domains.${domain}: ${sentences.join("; ")}${first}`];
  });
}

function counted(count: number, one: string, many = `${one}s`): string | undefined {
  return count === 0 ? undefined : `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
