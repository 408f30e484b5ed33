// One run as a notebook.
import type { Assets } from "../assets.ts";
import { Breadcrumb, Frame, NoScript } from "./frame.tsx";

/** The page at `/runs/:id`. */
export function RunPage({ assets }: { readonly assets: Assets }) {
  return (
    <Frame title="Run" script={{ page: "run", assets }} bar={<Breadcrumb />}>
      <div class="layout" id="run">
        <main id="main" class="notebook" tabindex={-1}>
          <NoScript />
        </main>
      </div>
    </Frame>
  );
}
