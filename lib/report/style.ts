// The report's style sheet: like a page of a paper, light and dark, for desktop and phone.

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1b1d21; --soft: #5d6470; --line: #d9dbe0; --paper: #fff; --panel: #f6f6f4;
  --yes: #1c7a4d; --no: #b53a24; --unclear: #8a6200; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7ea; --soft: #a0a6b1; --line: #363a42; --paper: #15171b;
  --panel: #1e2126; --yes: #5cc791; --no: #f08a76; --unclear: #dcb04e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; overflow-wrap: anywhere;
  font-family: Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", Georgia, "DejaVu Serif", serif; }
main { max-width: 48rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; margin: 3rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .2rem; }
.meta, .facts, .tag, .mark, figcaption, caption, table, .notes { font-family: system-ui, sans-serif; }
.meta { color: var(--soft); font-size: .85rem; margin: 0; }
.meta span:not(:last-child)::after { content: " · "; }
.lead { font-size: 1.2rem; line-height: 1.4; }
.status { border-left: 3px solid var(--no); background: var(--panel); padding: .7rem 1rem; margin-top: 1rem; }
.claims { list-style: none; padding: 0; margin: 1rem 0; }
.claims li { display: grid; grid-template-columns: 6.6rem 1fr; gap: .6rem; padding: .28rem 0; border-top: 1px solid var(--line); }
.claims li:last-child { border-bottom: 1px solid var(--line); }
.mark { font-size: .75rem; font-weight: 600; padding-top: .22rem; color: var(--unclear); }
.yes .mark { color: var(--yes); } .no .mark { color: var(--no); }
.yes .mark::before { content: "✓ "; } .no .mark::before { content: "✗ "; } .unclear .mark::before { content: "? "; }
/* A table may be wider than the text if the window is; beyond that it scrolls. */
.wide { overflow-x: auto; margin: 1.2rem 0; width: fit-content; min-width: 100%; max-width: calc(100vw - 2.5rem);
  position: relative; left: 50%; transform: translateX(-50%); }
table { border-collapse: collapse; font-size: .85rem; width: 100%; border-top: 2px solid var(--ink);
  border-bottom: 2px solid var(--ink); font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; font-size: .82rem; padding-bottom: .45rem; color: var(--soft); }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(45rem, calc(100vw - 2.5rem)); }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; font-weight: 400; white-space: nowrap; }
td.id { white-space: normal; min-width: 9rem; padding-right: 0; }
th.n, td.n { text-align: right; padding: .3rem 0 .3rem .8rem; }
.n + :not(.n) { padding-left: .8rem; }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; white-space: normal; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
strong { font-weight: 700; }
td small, th small { display: block; color: var(--soft); font-size: .72rem; }
figure svg { display: block; }
figcaption { font-size: .82rem; color: var(--soft); margin-top: .6rem; }
figcaption strong { color: var(--ink); }
.cell { padding: .8rem 0; } .cell + .cell { border-top: 1px solid var(--line); }
.cell p { margin: .2rem 0; } .summary { font-style: italic; }
.tag { font-size: .75rem; font-weight: 400; color: var(--soft); margin-left: .3rem; }
.tag.failed, .tag.stopped { color: var(--no); } .tag.cached { color: var(--unclear); }
.facts { font-size: .75rem; color: var(--soft); }
.notes { font-size: .8rem; padding-left: 1.1rem; margin: .4rem 0; } .notes .warning b { color: var(--unclear); }
.notes .error b { color: var(--no); }
pre { background: var(--panel); padding: .8rem 1rem; font-size: .78rem; white-space: pre-wrap; border-radius: 4px; margin: .6rem 0; }
summary { cursor: pointer; }
.files { font-family: system-ui, sans-serif; font-size: .75rem; color: var(--soft); } .files .wide { margin: .4rem 0; }
.files table { font-size: .75rem; width: min(36rem, 100%); } .files caption { font-size: .72rem; overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
.files th, .files td { padding-top: .12rem; padding-bottom: .12rem; }
@media (max-width: 34rem) { main { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.6rem; }
  .claims li { grid-template-columns: 1fr; gap: 0; } th:first-child { position: sticky; left: 0; background: var(--paper); } }
@media print { main { max-width: none; padding: 0; } figure, .cell, tr { break-inside: avoid; } }
`;
