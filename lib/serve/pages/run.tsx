// One run as a notebook.
import { raw } from "hono/html";
import type { Assets } from "../assets.ts";
import { firstAddress } from "../client/run/addresses.ts";
import { Breadcrumb, Frame } from "./frame.tsx";

/** The page at `/runs/:id`, which is a run's id. Without JavaScript the browser goes on to the plain page. */
export function RunPage({ assets, id }: { readonly assets: Assets; readonly id: string }) {
  const plain = `/runs/${encodeURIComponent(id)}/plain`;
  return (
    <Frame title="Run" script={{ page: "run", assets }} data={[firstAddress(id)]} bar={<Breadcrumb />}>
      <div class="layout" id="run">
        <main id="main" class="notebook" tabindex={-1}>
          <noscript>
            {/* Not an element: hono moves each <meta> into the head, where it would count with JavaScript, too. */}
            {raw(`<meta http-equiv="refresh" content="0; url=${plain}">`)}
            <p class="empty">
              This page follows a run live and needs JavaScript. <a href={plain}>Its results without JavaScript</a>
            </p>
          </noscript>
        </main>
      </div>
    </Frame>
  );
}
