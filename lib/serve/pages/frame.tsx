// The frame of each page: head, bar, and the place that the page's script fills.
import type { Child, PropsWithChildren } from "hono/jsx";
import type { Assets, PageName } from "../assets.ts";

/** What a frame needs to know. */
export interface FrameProps {
  readonly title: string;
  /** The page's script, with what it imports: without it the browser would discover them one after another. */
  readonly script?: { readonly page: PageName; readonly assets: Assets };
  /** Addresses of data that the script asks for first: the browser begins before it has the script. */
  readonly data?: readonly string[];
  /** What stands in the bar beside the brand. */
  readonly bar?: Child;
}

/** A page. */
export function Frame({ title, script, data = [], bar, children }: PropsWithChildren<FrameProps>) {
  const [entry, ...imported] = script?.assets.pages[script.page] ?? [];
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Stitchbook`}</title>
        <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/static/style.css" />
        {entry !== undefined && <script type="module" src={`/static/${entry}`}></script>}
        {imported.map((path) => <link key={path} rel="modulepreload" href={`/static/${path}`} />)}
        {data.map((address) => <link key={address} rel="preload" as="fetch" crossorigin="anonymous" href={address} />)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="bar">
          <a class="brand" href="/">
            <img src="/static/icon.svg" alt="" width="22" height="22" />
            Stitchbook
          </a>
          {bar}
        </header>
        {children}
      </body>
    </html>
  );
}

/** Whether the page is connected to its server; the script writes it. */
export function Connection() {
  return <span class="connection" id="connection" role="status" aria-live="polite"></span>;
}

/** The way back from a page that needs no script. */
export function Crumbs({ here }: { readonly here: string }) {
  return (
    <nav class="crumbs" aria-label="Breadcrumb">
      <a href="/">Runs</a>
      <span aria-current="page">{here}</span>
    </nav>
  );
}

/** The bar of a page below the list of runs: the way back, and the connection. */
export function Breadcrumb() {
  return (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/">Runs</a>
        <span id="crumb" aria-current="page"></span>
      </nav>
      <Connection />
    </>
  );
}
