// A note of a run or a cell.
import type { CellView } from "../../../run/mod.ts";

/** A note as a list item, with its level in words for people who cannot see the color. */
export function Note({ note: { level, text } }: { readonly note: CellView["notes"][number] }) {
  return (
    <li data-level={level}>
      {level !== "info" && <strong>{`${level}: `}</strong>}
      {text}
    </li>
  );
}
