// What a preview of a resumed run comes to, in words.
import type { Rebuilt } from "./preview.ts";

/** Files that are named; of more, only their number. */
const MOST_FILES = 4;

/**
 * Says what has changed since a run was last written, and which cells start over; undefined when none does.
 *
 * @param rebuilt in the order of the run
 */
export function previewText(rebuilt: readonly Rebuilt[]): string | undefined {
  if (rebuilt.length === 0) return undefined;
  const named = new Map(rebuilt.map((one) => [one.cell, one]));
  const changesContent = (cell: string): boolean => {
    const one = named.get(cell);
    return one !== undefined && (one.unknown || one.inputs.length > 0);
  };
  const isCertain = ({ inputs, code, unknown, from }: Rebuilt): boolean =>
    inputs.length > 0 || code.length > 0 || unknown || from.length === 0 ||
    from.some(({ cell, content }) => content ? changesContent(cell) : named.has(cell) && isCertain(named.get(cell)!));
  const certain = rebuilt.filter(isCertain);
  const possible = rebuilt.filter((one) => !certain.includes(one));
  const doubtful = [...new Set(possible.flatMap(({ from }) => from.map(({ cell }) => cell)))]
    .filter((cell) => certain.some((one) => one.cell === cell));
  return [
    causeText(rebuilt),
    ...(certain.length === 0 ? [] : [`Start over: ${certain.map(cellText).join(", ")}.`]),
    ...(possible.length === 0 ? [] : [
      `Start over only if ${doubtful.join(", ") || "what they build on"} comes out differently: ${
        possible.map(cellText).join(", ")
      }.`,
    ]),
    ...(rebuilt.every(({ lost }) => lost === "finished") ? [] : [
      `Checkpoints are kept: to continue from them, stop this run, ${
        rebuilt.some(({ unknown }) => unknown) ? "go back to that version" : "undo the change"
      }, and resume it.`,
    ]),
  ].join(" ");
}

function causeText(rebuilt: readonly Rebuilt[]): string {
  if (rebuilt.some(({ unknown }) => unknown)) {
    return "The code, the text or the device has changed since this run was last written, by a version of Stitchbook " +
      "that did not record which.";
  }
  const inputs = [...new Set(rebuilt.flatMap(({ inputs }) => inputs))];
  // Several cells know of one change, some of them only that there is one.
  const own = inputs.filter((path) => !inputs.some((other) => other.startsWith(`${path}.`)));
  const files = [...new Set(rebuilt.flatMap(({ code }) => code))].sort();
  const shown = files.slice(0, MOST_FILES).join(", ");
  const more = files.length > MOST_FILES ? ` and ${files.length - MOST_FILES} more` : "";
  const changes = [...own, ...(files.length === 0 ? [] : [`the code (${shown}${more})`])];
  if (changes.length === 0) return "Results of finished cells are no longer in the cache.";
  return `Since this run was last written, ${new Intl.ListFormat("en-US").format(changes)} ${
    changes.length === 1 ? "has" : "have"
  } changed.`;
}

function cellText({ cell, lost }: Rebuilt): string {
  return lost === "finished" ? `${cell} (finished)` : `${cell} (its checkpoint of step ${lost.step} no longer fits)`;
}
