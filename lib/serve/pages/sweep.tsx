// One sweep: its trials and how they compare.
import type { Assets } from "../assets.ts";
import { Breadcrumb, Frame, NoScript } from "./frame.tsx";

/** The page at `/sweeps/:id`. */
export function SweepPage({ assets }: { readonly assets: Assets }) {
  return (
    <Frame title="Sweep" script={{ page: "sweep", assets }} bar={<Breadcrumb />}>
      <main id="main" class="home sweep" tabindex={-1}>
        <NoScript />
        <section class="head" id="head" aria-label="Sweep"></section>
        <div id="explore"></div>
        <section id="footer" aria-label="About this sweep"></section>
      </main>
    </Frame>
  );
}
