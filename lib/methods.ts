// Names, order and colors of methods, the same everywhere. It imports nothing, so that pages can use it.

/** Colors with a contrast of at least 3:1 on white and on dark pages. */
export const PALETTE = {
  gray: "#7b8794",
  blue: "#3a7fd5",
  green: "#2b9a5b",
  ochre: "#b97f10",
  teal: "#17939f",
  pink: "#d1559b",
  brown: "#a8734a",
  purple: "#9163d6",
  red: "#e04f3f",
  indigo: "#5a5fe6",
  olive: "#84901a",
  wine: "#a83f6f",
} as const;

/** Colors of the first eight experts; {@linkcode furtherColor} has more. */
const EXPERT_COLORS = [
  PALETTE.blue,
  PALETTE.green,
  PALETTE.ochre,
  PALETTE.teal,
  PALETTE.pink,
  PALETTE.indigo,
  PALETTE.olive,
  PALETTE.wine,
] as const;

// <built methods> `deno task build:methods` writes these lines from lib/baselines.
const BUILT_LABELS: Readonly<Record<string, string>> = {
  "dense": "Dense, equal data",
  "routing": "Expert routing",
  "btx-soft": "BTX soft",
  "btx-sample": "BTX sample",
  "btx-top2": "BTX top-2",
  "bam": "BAM",
  "bam-adapters": "BAM adapters",
  "calm": "CALM",
  "dume": "DUME",
  "flexolmo": "FlexOlmo",
  "self-stitch": "Self-Stitch",
};
const BUILT_PHRASES: Readonly<Record<string, string>> = {
  "dense": "the dense model of equal data",
  "routing": "expert routing",
};
const BUILT_COLORS: Readonly<Record<string, string>> = {
  "dume": PALETTE.olive,
  "self-stitch": PALETTE.wine,
};
// </built methods>

const FIXED_COLORS: Readonly<Record<string, string>> = {
  ...BUILT_COLORS,
  seed: PALETTE.gray,
  soup: PALETTE.brown,
  btm: PALETTE.purple,
  bts: PALETTE.red,
};
const LABELS: Readonly<Record<string, string>> = {
  ...BUILT_LABELS,
  "seed": "Seed",
  "soup": "Soup",
  "btm": "BTM",
  "btm-dev": "BTM with a prior",
  "bts": "BTS",
  "hub": "Hub",
  "task-arithmetic": "Task arithmetic",
  "ties": "TIES",
  "dare-linear": "DARE linear",
  "dare-ties": "DARE TIES",
  "della": "DELLA",
  "della-linear": "DELLA linear",
  "breadcrumbs": "Breadcrumbs",
  "breadcrumbs-ties": "Breadcrumbs TIES",
  "slerp": "SLERP",
  "sce": "SCE",
  "model-stock": "Model Stock",
  "nuslerp": "NuSLERP",
  "karcher": "Karcher mean",
  "before": "Before the change",
  "untouched": "Changed, not re-stitched",
};
/** Ways to spend tokens on a problem. Not among {@linkcode METHOD_NAMES}, which name models: a domain may be called so. */
const REFINEMENT_LABELS: Readonly<Record<string, string>> = {
  "long-cot": "Long chain of thought",
  "majority": "Majority vote",
  "best-of-n": "Best of N",
  "sequential": "Sequential refinement",
  "pdr-global-summary": "PDR, global summary",
  "pdr-shared-top-k": "PDR, shared top-k",
  "pdr-per-sample-top-k": "PDR, per-sample top-k",
  "pdr-random-k": "PDR, random-k",
};

/** Every method but the experts, whose names are `expert:` and their domain. */
export const METHOD_NAMES: readonly string[] = Object.keys(LABELS);

/** Names within a sentence, where they differ from the label. */
const PHRASES: Readonly<Record<string, string>> = {
  ...BUILT_PHRASES,
  "seed": "the seed",
  "soup": "the soup",
  "task-arithmetic": "task arithmetic",
  "breadcrumbs": "breadcrumbs",
  "before": "the model before the change",
  "untouched": "the changed model without re-stitching",
};

/** The domain of `expert:code`; undefined if `method` is not a single expert. */
export function expertDomain(method: string): string | undefined {
  return method.startsWith("expert:") ? method.slice("expert:".length) : undefined;
}

/** The display name of a method: `Seed`, `law expert` (a domain's name as given), `BTS`. Unknown names are unchanged. */
export function methodLabel(method: string): string {
  const domain = expertDomain(method);
  if (domain !== undefined && domain !== "") return `${domain} expert`;
  const labels = Object.hasOwn(LABELS, method) ? LABELS : REFINEMENT_LABELS;
  return Object.hasOwn(labels, method) ? labels[method]! : method;
}

/** The display name of a cell: a model by its label, `evaluate:bts` as `Evaluate BTS`, `data` as `Data`. */
export function cellLabel(cell: string): string {
  if (expertDomain(cell) !== undefined) return methodLabel(cell);
  const [phase = "", method] = cell.split(":", 2);
  const label = methodLabel(phase);
  return `${label.slice(0, 1).toUpperCase()}${label.slice(1)}${method === undefined ? "" : ` ${methodLabel(method)}`}`;
}

/** The method for a model in a stitch, which may be called by its domain alone: `code` is `expert:code`. */
export function methodOfModel(model: string, known: readonly string[]): string {
  return known.includes(`expert:${model}`) ? `expert:${model}` : model;
}

/** Which model speaks at a token: the column with the largest gate, the first among equals. */
export function speaker(gates: readonly number[]): number {
  return gates.indexOf(Math.max(...gates));
}

/** The name of a method within a sentence: `the code expert`, `the soup`, `BTM`. */
export function methodPhrase(method: string): string {
  const domain = expertDomain(method);
  if (domain !== undefined) return `the ${domain} expert`;
  return Object.hasOwn(PHRASES, method) ? PHRASES[method]! : methodLabel(method);
}

/** Methods in reading order: seed, experts, soup, others, BTM, and BTS last. */
export function orderMethods(methods: readonly string[]): string[] {
  const rank = (method: string): number =>
    method === "seed" || method === "hub"
      ? 0
      : expertDomain(method) !== undefined
      ? 1
      : ({ soup: 2, "btm-dev": 4, btm: 4, bts: 5 })[method] ?? 3;
  return methods.map((method, at) => ({ method, at })).sort((a, b) => rank(a.method) - rank(b.method) || a.at - b.at)
    .map(({ method }) => method);
}

/**
 * A color for every method, all different. The color of an expert depends only on its position among the experts, unless
 * a method with a color of its own has it.
 */
export function methodColors(methods: readonly string[]): Map<string, string> {
  const taken = new Set(methods.map(ownColor));
  let experts = 0;
  const next = (): string => {
    const color = expertColor(experts++);
    return taken.has(color) ? next() : color;
  };
  return new Map(methods.map((method) => [method, ownColor(method) ?? next()]));
}

function ownColor(method: string): string | undefined {
  if (method === "hub") return PALETTE.gray;
  return Object.hasOwn(FIXED_COLORS, method) ? FIXED_COLORS[method]! : undefined;
}

function expertColor(at: number): string {
  return EXPERT_COLORS[at] ?? furtherColor(at - EXPERT_COLORS.length);
}

/** Relative luminances (WCAG 2) with a contrast of at least 3:1 on white and on dark pages. */
const LUMINANCES = [0.2, 0.14, 0.27] as const;

/** Colors found so far, how many were tried, and how far apart they must lie in RGB; the more there are, the nearer. */
const further = { colors: [] as string[], tried: 0, apart: 100 };

/** One of any number of colors, as different from all before it as there is room for. */
function furtherColor(at: number): string {
  while (further.colors.length <= at) {
    const color = candidate(further.tried++);
    const nearest = Math.min(...[...Object.values(PALETTE), ...further.colors].map((other) => distance(color, other)));
    if (nearest >= further.apart) further.colors.push(color);
    else further.apart *= 0.99;
  }
  return further.colors[at]!;
}

/** Hues at the golden angle from one another, with luminances that take turns. */
function candidate(at: number): string {
  const hue = (at * 137.508) % 360;
  const wanted = LUMINANCES[at % LUMINANCES.length]!;
  let [low, high] = [0, 1];
  for (let i = 0; i < 16; i++) {
    const lightness = (low + high) / 2;
    if (luminance(fromHsl(hue, lightness)) < wanted) low = lightness;
    else high = lightness;
  }
  return `#${fromHsl(hue, low).map((part) => Math.round(255 * part).toString(16).padStart(2, "0")).join("")}`;
}

function distance(a: string, b: string): number {
  return Math.hypot(...[1, 3, 5].map((i) => parseInt(a.slice(i, i + 2), 16) - parseInt(b.slice(i, i + 2), 16)));
}

/** Red, green and blue from 0 to 1, with a saturation of 55 %. */
function fromHsl(hue: number, lightness: number): number[] {
  const reach = 0.55 * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const place = (offset + hue / 30) % 12;
    return lightness - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1));
  });
}

function luminance(rgb: readonly number[]): number {
  const [red, green, blue] = rgb.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
