// The list of runs.
import type { Assets } from "../assets.ts";
import { Connection, Frame, NoScript } from "./frame.tsx";

/** The page at `/`. */
export function HomePage({ assets }: { readonly assets: Assets }) {
  return (
    <Frame title="Runs" script={{ page: "home", assets }} bar={<Connection />}>
      <main id="main" class="home" tabindex={-1}>
        <h1>Runs</h1>
        <p class="lead" id="count"></p>
        <NoScript />
        <div id="sweeps"></div>
        <div class="field filters" id="filters" hidden></div>
        <div id="runs"></div>
      </main>
    </Frame>
  );
}
