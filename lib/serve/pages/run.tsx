// One run as a notebook.
import type { Assets } from "../assets.ts";
import { Breadcrumb, Frame, NoScript } from "./frame.tsx";

/** The page at `/runs/:id`. */
export function RunPage({ assets }: { readonly assets: Assets }) {
  return (
    <Frame title="Run" script={{ page: "run", assets }} bar={<Breadcrumb />}>
      <div class="layout">
        <nav class="outline" id="outline" aria-label="Cells"></nav>
        <main id="main" class="notebook" tabindex={-1}>
          <NoScript />
          <section class="head" id="head" aria-label="Run"></section>
          <p class="visually-hidden" id="announce" role="status" aria-live="polite"></p>
          <section id="results" aria-label="Results" hidden></section>
          <div id="prompt"></div>
          <section id="cells" aria-label="Cells"></section>
          <section id="footer" aria-label="About this run"></section>
        </main>
      </div>
    </Frame>
  );
}
