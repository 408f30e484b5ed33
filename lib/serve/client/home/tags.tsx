// The tags of a run in a line of the table: as many as fit, each by what tells it from the others.
import { ShortText } from "../common/elements.tsx";

/** Letters of a tag. */
export const TAG_LETTERS = 20;
/** Letters of all tags of a line together. */
const MOST_LETTERS = 44;
/** What a tag needs around its text. */
const SPACE = 3;

/** Tags, and how many do not fit. @param short the short form of each */
export function Tags({ tags, short }: {
  readonly tags: readonly string[];
  readonly short: ReadonlyMap<string, string>;
}) {
  const { shown, others } = fitting(tags, (tag) => short.get(tag) ?? tag);
  return (
    <span class="line-tags">
      {shown.map((tag) => (
        <span key={tag} class="tag">
          <ShortText text={tag} short={short.get(tag) ?? tag} />
        </span>
      ))}
      {others.length > 0 && (
        <span class="muted">
          <ShortText text={others.join(" ")} short={`+${others.length}`} />
        </span>
      )}
    </span>
  );
}

/** The first tags that fit into a line, at least one, and the others. That of a sweep comes first. */
export function fitting(tags: readonly string[], shortOf: (tag: string) => string) {
  const isOfSweep = (tag: string) => tag.startsWith("sweep:");
  const sorted = [...tags.filter(isOfSweep), ...tags.filter((tag) => !isOfSweep(tag))];
  let letters = 0;
  const at = sorted.findIndex((tag, i) => (letters += shortOf(tag).length + SPACE) > MOST_LETTERS && i > 0);
  const end = at < 0 ? sorted.length : at;
  return { shown: sorted.slice(0, end), others: sorted.slice(end) };
}
