// The cells of a run as a list of links beside the page.
import type { RunView } from "../../../run/mod.ts";
import { shownStatus } from "../../../run/view/mod.ts";

/** The outline. */
export function Outline({ run }: { readonly run: RunView }) {
  const cells = run.cells.map((cell) => ({ name: cell.name, title: cell.title, status: shownStatus(cell, run) }));
  return (
    <nav class="outline" aria-label="Cells">
      <h2>Cells</h2>
      <ol>
        {cells.map(({ name, title, status }, i) => (
          <li key={name}>
            <a
              href={`#cell-${i + 1}`}
              data-status={status}
              aria-current={status === "running" ? "step" : undefined}
            >
              <span class="dot"></span>
              <span>{title}</span>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
