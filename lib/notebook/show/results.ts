// The results of a run as tables and sentences.
import { claims, escapeHtml, gridHtml, gridMarkdown, measureGrids } from "../../report/mod.ts";
import { isUnderWay, type RunResults, type RunView } from "../../run/mod.ts";
import { UserError } from "../../errors.ts";
import type { MediaBundle } from "../display.ts";
import { TABLE_STYLE } from "./table.ts";

/** @throws UserError `notebook.no-results` while there are none */
export function resultsOf(view: RunView): RunResults {
  if (view.results !== null) return view.results;
  throw new UserError(
    "notebook.no-results",
    `Run ${view.id} has no results (${view.status}): ${
      isUnderWay(view) ? "wait for its end with `await run.watch()`" : "it did not reach its end"
    }`,
  );
}

/** All measures of a run, and the findings in words. */
export function resultsBundle(view: RunView, results: RunResults): MediaBundle {
  const grids = [...measureGrids(results, "scores"), ...measureGrids(results, "cost")];
  const words = claims(view);
  const marks = { yes: "✓", no: "✗", unclear: "?" } as const;
  const list = words.map(({ holds, text }) => `${marks[holds]} ${text}`);
  const plain = [...grids.map((grid) => `${grid.caption}\n${gridMarkdown(grid)}`), list.join("\n")].join("\n\n");
  return {
    "text/html": `<div class="stitchbook">${TABLE_STYLE}${
      grids.map(gridHtml).join("")
    }<ul style="list-style:none;padding:0">${
      words.map(({ holds, text }) => `<li>${marks[holds]} ${escapeHtml(text)}</li>`).join("")
    }</ul></div>`,
    "text/plain": plain,
  };
}
