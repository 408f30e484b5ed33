// What was removed, and the way back.
import type { Removal } from "../../run/mod.ts";
import type { Assets } from "../assets.ts";
import { Breadcrumb, Frame } from "./frame.tsx";

/** The page at `/trash`. */
export function TrashPage({ assets, removals }: { readonly assets: Assets; readonly removals: readonly Removal[] }) {
  return (
    <Frame title="Trash" script={{ page: "trash", assets }} bar={<Breadcrumb />}>
      <main id="main" class="home" tabindex={-1}>
        <h1>Trash</h1>
        <p class="lead">
          Removed runs stay here until <code>deno task rm --empty</code> deletes them for good.
        </p>
        {removals.length === 0 && (
          <div class="empty card">
            <h2>The trash is empty</h2>
          </div>
        )}
        <ul class="removals">
          {removals.map(({ removal, time, runs }) => (
            <li key={removal} class="card removal" data-removal={removal}>
              <p>
                Removed <time datetime={time}>{time}</time>
              </p>
              <ul>
                {runs.slice(0, 20).map((id) => (
                  <li key={id}>
                    <code>{id}</code>
                  </li>
                ))}
                {runs.length > 20 && <li class="muted">{`and ${runs.length - 20} more`}</li>}
              </ul>
            </li>
          ))}
        </ul>
        <p class="field-error" id="fault" role="alert" hidden></p>
      </main>
    </Frame>
  );
}
