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
        <section id="figure" aria-label="Figure" hidden></section>
        <section id="trials" aria-label="Trials"></section>
        <section id="footer" aria-label="About this sweep"></section>
      </main>
    </Frame>
  );
}
