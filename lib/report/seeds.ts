// Several runs of one experiment, a seed each: means with Student t intervals, for the README.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type RunView, type Table, writeTextAtomically } from "../run/mod.ts";
import { escapeHtml, escapeMarkdown, fenced } from "./escape.ts";
import { fixed } from "./format.ts";
import { bestOf, type Grid, gridHtml, gridMarkdown } from "./grid.ts";
import { methodLabel, methodPhrase, orderMethods } from "./methods.ts";
import { bpbColumns, taskColumns } from "./results.ts";
import { type MeanInterval, meanInterval } from "./statistics.ts";
import { PAGE_STYLE } from "./style.ts";

/** One column of the aggregate: bits per byte on a domain, or a task in percent. */
export interface SeedsColumn {
  readonly key: string;
  readonly title: string;
  readonly better: "lower" | "higher";
  readonly digits: number;
}

/** Means by method and column, over the seeds in which a method has that score. */
export interface SeedsSummary {
  readonly seeds: readonly number[];
  readonly columns: readonly SeedsColumn[];
  readonly rows: readonly { readonly method: string; readonly scores: Readonly<Record<string, MeanInterval>> }[];
}

/**
 * Aggregates finished runs of several seeds.
 *
 * @throws UserError when there is no run, when one has no results, or when a seed comes twice
 */
export function seedsSummary(views: readonly RunView[]): SeedsSummary {
  if (views.length === 0) throw new UserError("report.no-runs", "Cannot aggregate over seeds: no run was given");
  const unfinished = views.find(({ results }) => results === null);
  if (unfinished !== undefined) {
    throw new UserError(
      "report.no-results",
      `Run ${unfinished.id} (${unfinished.status}) has no results to aggregate`,
      "Finish it first, or leave its seed out",
    );
  }
  const seeds = views.map(({ seed }) => seed);
  const twice = seeds.find((seed, at) => seeds.indexOf(seed) !== at);
  if (twice !== undefined) {
    throw new UserError("report.seed-twice", `Seed ${twice} was given twice: an interval needs independent runs`);
  }
  const all = views.map(({ results }) => results!);
  const domains = [...new Set(all.flatMap(bpbColumns))].sort((a, b) => Number(a === "mean") - Number(b === "mean"));
  const columns: SeedsColumn[] = [
    ...domains.map((domain) => ({ key: `bpb.${domain}`, title: domain, better: "lower" as const, digits: 3 })),
    ...[...new Set(all.flatMap(taskColumns))].map((task) => ({
      key: `task.${task}`,
      title: `${task}, %`,
      better: "higher" as const,
      digits: 1,
    })),
  ];
  const methods = orderMethods([...new Set(all.flatMap((results) => Object.keys(results.methods)))]);
  const rows = methods.map((method) => ({
    method,
    scores: Object.fromEntries(columns.flatMap(({ key }) => {
      const values = all.map((results) => score(results.methods[method], key)).filter((value) => value !== undefined);
      return values.length === 0 ? [] : [[key, meanInterval(values)]];
    })),
  }));
  return { seeds, columns, rows };
}

function score(
  result: NonNullable<RunView["results"]>["methods"][string] | undefined,
  key: string,
): number | undefined {
  const name = key.slice(key.indexOf(".") + 1);
  if (key.startsWith("bpb.")) return result?.bpb[name];
  const task = result?.tasks[name]?.value;
  return task === undefined ? undefined : 100 * task;
}

/** `2.381 ± 0.012`; the bare mean when there is one seed only. */
function withHalfWidth({ mean, halfWidth }: MeanInterval, digits: number): string {
  return Number.isFinite(halfWidth) ? `${fixed(mean, digits)} ± ${fixed(halfWidth, digits)}` : fixed(mean, digits);
}

function title(seeds: readonly number[]): string {
  const over = seeds.length === 1
    ? `seed ${seeds[0]}, no interval`
    : `${seeds.length} seeds, mean ± 95 % interval (Student t)`;
  return `Held-out bits per byte by domain (lower is better) and tasks in percent (higher is better); ${over}`;
}

/** The aggregate as a table for terminal, page and notebook: a row a method, `mean ± half-width` as text. */
export function seedsTable(views: readonly RunView[]): Table {
  const { seeds, columns, rows } = seedsSummary(views);
  return {
    name: "seeds",
    title: title(seeds),
    columns: [
      { key: "method", title: "method", kind: "text" },
      ...columns.map(({ key, title }) => ({ key, title, kind: "text" as const })),
    ],
    rows: rows.map(({ method, scores }) => ({
      method: methodLabel(method),
      ...Object.fromEntries(
        columns.map(({ key, digits }) => [key, scores[key] ? withHalfWidth(scores[key], digits) : null]),
      ),
    })),
  };
}

function seedsGrid(views: readonly RunView[]): Grid {
  const { seeds, columns, rows } = seedsSummary(views);
  const best = columns.map(({ key, better }) => bestOf(rows.map(({ scores }) => scores[key]?.mean), better));
  return {
    caption: title(seeds),
    columns: [{ title: "method", numeric: false }, ...columns.map(({ title }) => ({ title, numeric: true }))],
    rows: rows.map(({ method, scores }, row) => [
      { text: methodLabel(method) },
      ...columns.map(({ key, digits }, column) => ({
        text: scores[key] === undefined ? "–" : withHalfWidth(scores[key], digits),
        ...(best[column]![row] ? { best: true } : {}),
      })),
    ]),
  };
}

/**
 * BTS against every other method, paired by seed: the mean saving in bits per byte with its interval, in words.
 * Empty when there is no BTS.
 */
export function seedsClaims(views: readonly RunView[]): string[] {
  const { rows } = seedsSummary(views);
  return rows.filter(({ method }) => method !== "bts").flatMap(({ method }) => {
    const saved = views.flatMap(({ results }) => {
      const bts = results!.methods.bts?.bpb.mean, other = results!.methods[method]?.bpb.mean;
      return bts === undefined || other === undefined ? [] : [other - bts];
    });
    if (saved.length === 0) return [];
    const { mean, halfWidth } = meanInterval(saved);
    const wins = saved.filter((value) => value > 0).length;
    const count = saved.length === 1 ? "" : `, better in ${wins} of ${saved.length} seeds`;
    const interval = Number.isFinite(halfWidth)
      ? ` [${fixed(mean - halfWidth, 3)}, ${fixed(mean + halfWidth, 3)}]`
      : "";
    const by = `${fixed(Math.abs(mean), 3)} bits per byte`;
    const sure = !Number.isFinite(halfWidth) || Math.abs(mean) > halfWidth;
    const other = methodPhrase(method);
    if (!sure) {
      return [
        `BTS and ${other} cannot be told apart: BTS is ${by} ${mean > 0 ? "ahead" : "behind"}, but the interval ` +
        `of the saving${interval} holds zero${count}.`,
      ];
    }
    const saving = interval === "" ? "" : ` (saving${interval}${count})`;
    return [
      mean > 0 ? `BTS beats ${other} by ${by}${saving}.` : `BTS does not beat ${other}: it is ${by} behind${saving}.`,
    ];
  });
}

/** The aggregate as Markdown for the README: the command that made it, the table, and what holds in words. */
export function seedsMarkdown(views: readonly RunView[], command: string): string {
  const claims = seedsClaims(views).map((text) => `- ${escapeMarkdown(text)}`);
  return [
    fenced(command, "sh"),
    `${title(views.map(({ seed }) => seed))}:`,
    gridMarkdown(seedsGrid(views)),
    ...(claims.length === 0 ? [] : [`On the mean of all domains, paired by seed:\n\n${claims.join("\n")}`]),
  ].join("\n\n") + "\n";
}

/** Writes `report.html` and `report.md` of several seeds into `folder` and returns their paths. */
export async function writeSeedsReport(folder: string, views: readonly RunView[], command: string) {
  await Deno.mkdir(folder, { recursive: true });
  const heading = views[0] === undefined ? "" : `${views[0].title}, seeds ${views.map(({ seed }) => seed).join(", ")}`;
  const html = join(folder, "report.html"), markdown = join(folder, "report.md");
  await writeTextAtomically(markdown, `# ${escapeMarkdown(heading)}\n\n${seedsMarkdown(views, command)}`);
  await writeTextAtomically(
    html,
    `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(heading)}</title><style>${PAGE_STYLE}</style></head>
<body><main><h1>${escapeHtml(heading)}</h1>
<p class="meta">${views.map(({ id }) => `<span>${escapeHtml(id)}</span>`).join("")}</p>
<section><h2>Results</h2>${gridHtml(seedsGrid(views))}</section>
<section><h2>What holds</h2><p>On the mean of all domains, paired by seed:</p><ul>${
      seedsClaims(views).map((text) => `<li>${escapeHtml(text)}</li>`).join("")
    }</ul></section>
<section><h2>To repeat it</h2><pre>${escapeHtml(command)}</pre></section></main></body></html>
`,
  );
  return { html, markdown };
}
