// The HTML of the pages: empty frames that scripts fill. Nothing from a run is ever written into them.

function page(title: string, script: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/uplot.css">
<link rel="stylesheet" href="/static/style.css">
${script}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar">
<a class="brand" href="/"><img src="/static/icon.svg" alt="" width="22" height="22">Stitchbook</a>
${body}
</body>
</html>
`;
}

const module = (name: string) => `<script type="module" src="/static/serve/client/${name}/page.ts"></script>`;
const noscript = '<noscript><p class="empty">This page follows runs live and needs JavaScript.</p></noscript>';

/** The end of the header of a run or a sweep. */
const crumbs =
  `<nav class="crumbs" aria-label="Breadcrumb"><a href="/">Runs</a><span id="crumb" aria-current="page"></span></nav>
<span class="connection" id="connection" role="status" aria-live="polite"></span>
</header>`;

/** The list of runs. */
export const HOME_PAGE = page(
  "Runs · Stitchbook",
  module("home"),
  `<span class="connection" id="connection" role="status" aria-live="polite"></span>
</header>
<main id="main" class="home" tabindex="-1">
<h1>Runs</h1>
<p class="lead" id="count"></p>
${noscript}
<div id="sweeps"></div>
<div class="field filters" id="filters" hidden></div>
<div id="runs"></div>
</main>`,
);

/** One run as a notebook. */
export const RUN_PAGE = page(
  "Run · Stitchbook",
  module("run"),
  `${crumbs}
<div class="layout">
<nav class="outline" id="outline" aria-label="Cells"></nav>
<main id="main" class="notebook" tabindex="-1">
${noscript}
<section class="head" id="head" aria-label="Run"></section>
<p class="visually-hidden" id="announce" role="status" aria-live="polite"></p>
<section id="results" aria-label="Results" hidden></section>
<section id="cells" aria-label="Cells"></section>
<section id="footer" aria-label="About this run"></section>
</main>
</div>`,
);

/** One sweep: its trials and how they compare. */
export const SWEEP_PAGE = page(
  "Sweep · Stitchbook",
  module("sweep"),
  `${crumbs}
<main id="main" class="home sweep" tabindex="-1">
${noscript}
<section class="head" id="head" aria-label="Sweep"></section>
<section id="figure" aria-label="Figure" hidden></section>
<section id="trials" aria-label="Trials"></section>
<section id="footer" aria-label="About this sweep"></section>
</main>`,
);

/** A page for a run that is not there. */
export const MISSING_PAGE = page(
  "Not found · Stitchbook",
  "",
  `</header>
<main id="main" class="home" tabindex="-1">
<h1>Nothing here</h1>
<p class="lead">There is no such page, or its run was deleted. <a href="/">All runs</a></p>
</main>`,
);
