// The curves of quality and use against the number of experts, as Markdown for the results page.
import { fixed, type Grid, gridMarkdown, hasInterval, meanInterval, seedsBasis } from "../../../lib/report/mod.ts";
import { HEADLINE, type RunView, seedOf, valueOf } from "../../../lib/run/mod.ts";
import { LEADING, MIXED, SAVED } from "./measures.ts";

/** A row of numbers, one for each number of experts. */
interface Curve {
  readonly title: string;
  /** The value in a run for a number of experts; undefined if it was not measured. */
  readonly value: (view: RunView, n: number) => number | undefined;
}

/** Quality and use of the experts, method by number of experts, over all seeds. */
export function manyExpertsFindings(views: readonly RunView[]): string[] {
  const names = Object.keys(views[0]?.results?.methods ?? {});
  const split = names.flatMap((name) => {
    const [, method, n] = /^(.+), n=(\d+)$/.exec(name) ?? [];
    return method === undefined ? [] : [{ method, n: Number(n) }];
  });
  const counts = [...new Set(split.map(({ n }) => n))].sort((a, b) => a - b);
  const methods = [...new Set(split.map(({ method }) => method))];
  const basis = seedsBasis(views.map(seedOf));
  const curves = (place: { readonly name: string; readonly group: string }, wanted = methods) =>
    wanted.map((method): Curve => ({
      title: method,
      value: ({ results }, n) => valueOf(results?.methods[`${method}, n=${n}`], place),
    }));
  const own = (name: string) => ({ name, group: "" });
  const bts = (name: string) => curves(own(name), ["BTS"])[0]!;
  return [
    `Mean held-out bits per byte by number of experts, ${basis}; lower is better:`,
    gridMarkdown(curveGrid(views, counts, [
      { title: "Seed", value: ({ results }) => valueOf(results?.methods["seed"], HEADLINE) },
      ...curves(HEADLINE),
    ])),
    `Bits per byte saved against the seed on documents of the domains that have an expert, ${basis}; higher is better:`,
    gridMarkdown(curveGrid(views, counts, curves(own(SAVED.name)))),
    `Effective number of models that the gates of the last stitch use, the seed included (exp of an entropy), ${basis}:`,
    gridMarkdown(curveGrid(views, counts, [
      { ...bts(LEADING.name), title: "models that lead at some token" },
      { ...bts(MIXED.name), title: "models mixed at a token" },
    ], 1)),
  ];
}

function curveGrid(views: readonly RunView[], counts: readonly number[], curves: readonly Curve[], digits = 3): Grid {
  return {
    caption: "",
    columns: [
      { title: "experts", numeric: false },
      ...counts.map((n) => ({ title: String(n), numeric: true })),
    ],
    rows: curves.map(({ title, value }) => [
      { text: title },
      ...counts.map((n) => {
        const values = views.flatMap((view) => value(view, n) ?? []);
        if (values.length === 0) return { text: "–" };
        const { mean, halfWidth } = meanInterval(values);
        const text = fixed(mean, digits);
        return hasInterval(values.length) ? { text, aside: `± ${fixed(halfWidth, digits)}` } : { text };
      }),
    ]),
  };
}
