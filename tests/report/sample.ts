// A plausible finished run for tests of reports and notebooks, as events of the real schema.
import type { AboutRun } from "../../lib/report/mod.ts";
import { type EventBody, eventSchema, foldEvents, type RunEvent, type RunView } from "../../lib/run/mod.ts";
import { resultsOf } from "../run/results.ts";

const DOMAINS = ["english", "code", "math", "multilingual"];
const EXPERTS = ["code", "math", "multilingual"];

/** Scores by method on the four domains. */
const BPB: Readonly<Record<string, readonly number[]>> = {
  seed: [2.21, 2.35, 1.98, 2.62],
  "expert:code": [2.75, 1.71, 2.9, 3.1],
  "expert:math": [2.93, 3.2, 1.12, 3.22],
  "expert:multilingual": [2.68, 2.9, 2.77, 1.74],
  soup: [2.26, 2.19, 1.92, 2.31],
  btm: [2.2, 1.79, 1.2, 1.81],
  bts: [2.18, 1.86, 1.31, 1.95],
};

/** A repeatable wobble in [−1, 1). */
const wobble = (at: number, seed: number) => ((Math.sin(at * 12.9898 + seed * 78.233) * 43758.5453) % 1);

/** The events of a finished run. */
export function sampleEvents(options: { id?: string; seed?: number; title?: string } = {}): RunEvent[] {
  const seed = options.seed ?? 1;
  const bodies: EventBody[] = [];
  const cells = ["data", "seed", ...EXPERTS.map((domain) => `expert:${domain}`), "stitch", "evaluate"];
  const titles: Record<string, string> = {
    data: "Prepare data and tokenizer",
    seed: "Pretrain the seed",
    stitch: "Train the stitches",
    evaluate: "Evaluate",
    ...Object.fromEntries(EXPERTS.map((domain) => [`expert:${domain}`, `Branch and train: ${domain}`])),
  };
  bodies.push({
    kind: "run.start",
    schemaVersion: 1,
    run: options.id ?? "bts-quick-1-7f3a",
    experiment: "bts",
    title: options.title ?? "Branch-Train-Stitch",
    preset: "quick",
    seed,
    device: "cpu (2 threads)",
    config: { train: { seed: { steps: 400 } }, stitch: { count: 4 } },
    plan: cells.map((cell) => ({ cell, title: titles[cell]! })),
    command: ["deno", "task", "bts", "--preset", "quick", "--seed", String(seed)],
    versions: { deno: "2.9.6", tfjs: "4.22.0", stitchbook: "0.1.0" },
    pid: 4242,
  });
  for (const [at, cell] of cells.entries()) {
    const description = cell === "seed" ? "A small Llama decoder learns from all four domains." : "";
    bodies.push({ kind: "cell.start", cell, title: titles[cell]!, description, cellKey: `${at}af09c1d2e3b4` });
    const steps = cell === "seed" ? 400 : cell.startsWith("expert:") ? 200 : cell === "stitch" ? 240 : 0;
    const [from, to] = cell === "seed" ? [7.6, 3.4] : cell === "stitch" ? [3.1, 2.55] : [3.3, 1.6 + 0.3 * at / 4];
    for (let step = 0; step <= steps && steps > 0; step += 2) {
      const loss = to + (from - to) * Math.exp(-step / (steps / 6)) + 0.09 * wobble(step, seed + at);
      const validation = step % 40 === 0 ? { validation: to + 0.05 + (from - to) * Math.exp(-step / (steps / 6)) } : {};
      const values = {
        loss,
        lr: 3e-3 * (1 - step / (steps + 1)),
        tokensPerSecond: 5200 + 90 * wobble(step, 2),
        ...validation,
      };
      bodies.push({ kind: "metrics", cell, step, steps, values });
    }
    if (cell === "evaluate") bodies.push(...evaluation());
    const cached = cell === "data";
    bodies.push({
      kind: "cell.end",
      cell,
      status: cached ? "cached" : "done",
      seconds: cached ? 0.1 : 8 + 9 * at,
      summary: steps > 0 ? `validation loss ${to!.toFixed(2)} after ${steps} steps` : "",
    });
  }
  bodies.push({ kind: "run.end", status: "done", seconds: 221.4, results: results(seed) });
  return bodies.map((body, seq) =>
    eventSchema.parse({ seq, time: new Date(Date.UTC(2025, 4, 6, 9, 0, 0) + seq * 250).toISOString(), ...body })
  );
}

function results(seed: number) {
  const estimate = (value: number, half: number, samples: number) => ({
    value,
    low: value - half,
    high: value + half,
    samples,
  });
  return resultsOf(
    DOMAINS,
    Object.fromEntries(
      Object.entries(BPB).map(([method, scores], at) => {
        const shifted = scores.map((score, domain) => score + 0.02 * wobble(domain + 5 * at, seed));
        const bpb: Record<string, number> = Object.fromEntries(DOMAINS.map((domain, at) => [domain, shifted[at]!]));
        bpb.mean = shifted.reduce((sum, score) => sum + score, 0) / shifted.length;
        const many = method === "btm" || method === "bts";
        return [method, {
          bpb,
          bpbInterval: Object.fromEntries(
            Object.entries(bpb).map(([d, v]) => [d, estimate(v, d === "mean" ? 0.03 : 0.05, 120)]),
          ),
          tasks: {
            arithmetic: estimate(Math.max(0, 0.9 - 0.4 * (scores[2]! - 1)), 0.04, 200),
            translation: estimate(Math.max(0.25, 1.05 - 0.25 * scores[3]!), 0.06, 150),
          },
          parameters: {
            trained: method === "bts" ? 114_688 : method === "soup" || method === "btm" ? 0 : 803_000,
            total: many ? 3_326_688 : 803_000,
            active: many ? 3_326_688 : 803_000,
          },
        }];
      }),
    ),
  );
}

function evaluation(): EventBody[] {
  const models = ["seed", ...EXPERTS.map((domain) => `expert:${domain}`)];
  const gates = [1, 2, 3, 4].flatMap((stitch) =>
    DOMAINS.flatMap((domain) => {
      const raw = models.map((model) =>
        0.4 + (model === `expert:${domain}` || (model === "seed" && domain === "english") ? stitch * 0.3 : 0)
      );
      const sum = raw.reduce((a, b) => a + b, 0);
      const kind = stitch % 2 === 0 ? "E2H" : "H2E";
      return models.flatMap((model, at) =>
        kind === "H2E" && model === "seed" ? [] : [{
          stitch: `stitch ${stitch}`,
          kind,
          domain,
          model,
          gate: kind === "E2H" ? raw[at]! / sum : 0.5 - 0.08 * raw[at]! * stitch / 2,
        }]
      );
    })
  );
  const text = (key: string) => ({ key, title: key, kind: "text" as const });
  const number = (key: string, digits: number) => ({ key, title: key, kind: "number" as const, digits });
  return [
    {
      kind: "table",
      cell: "evaluate",
      table: {
        name: "gates",
        title: "Mean gates by domain",
        columns: [text("stitch"), text("kind"), text("domain"), text("model"), number("gate", 3)],
        rows: gates,
      },
    },
    {
      kind: "table",
      cell: "evaluate",
      table: {
        name: "comparisons",
        title: "Paired differences",
        columns: [
          text("method"),
          text("against"),
          text("domain"),
          number("difference", 3),
          number("low", 3),
          number("high", 3),
        ],
        rows: [
          { method: "bts", against: "soup", domain: "mean", difference: -0.345, low: -0.36, high: -0.33 },
          { method: "bts", against: "btm", domain: "mean", difference: 0.075, low: 0.06, high: 0.09 },
        ],
      },
    },
    {
      kind: "table",
      cell: "evaluate",
      table: {
        name: "cost",
        title: "What each method cost",
        columns: [
          text("method"),
          number("trained", 0),
          number("total", 0),
          number("active", 0),
          number("tokens", 0),
          number("seconds", 1),
        ],
        rows: [
          { method: "seed", trained: 803000, total: 803000, active: 803000, tokens: 409600, seconds: 78.2 },
          { method: "bts", trained: 114688, total: 3326688, active: 3326688, tokens: 245760, seconds: 61.5 },
        ],
      },
    },
    {
      kind: "note",
      cell: "evaluate",
      level: "warning",
      text: "Two documents were longer than the context and were cut",
    },
  ];
}

/** The view of {@linkcode sampleEvents}. */
export function sampleView(options: { id?: string; seed?: number; title?: string } = {}): RunView {
  return foldEvents(sampleEvents(options))!;
}

/** Markup, Markdown and an address: all that could become more than text. */
export const EVIL =
  `"><script>alert(1)</script><img src=x onerror=alert(2)>](javascript:alert(3)) | \`x\` https://evil.example/`;

/** The sample with markup in every string that a run can carry. */
export function evilView(): RunView {
  const evil = (value: unknown): unknown =>
    typeof value === "string"
      ? value + EVIL
      : Array.isArray(value)
      ? value.map(evil)
      : value !== null && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, evil(inner)]))
      : value;
  const view = sampleView();
  return {
    ...view,
    id: view.id + EVIL,
    title: view.title + EVIL,
    preset: EVIL,
    device: EVIL,
    error: EVIL,
    config: { [EVIL]: EVIL },
    command: [EVIL],
    versions: { [EVIL]: EVIL },
    notes: [{ level: "error", text: EVIL, time: EVIL }],
    cells: view.cells.map((cell) => ({
      ...cell,
      name: cell.name + EVIL,
      title: EVIL,
      description: EVIL,
      summary: EVIL,
      cellKey: EVIL,
      metrics: [...cell.metrics, {
        step: 1,
        time: cell.startedAt ?? EVIL,
        values: { [EVIL]: 1, ["../" + EVIL]: null },
      }],
      tables: evil(cell.tables) as typeof cell.tables,
      notes: [{ level: "warning", text: EVIL, time: EVIL }],
      artifacts: [{ name: EVIL, path: EVIL, bytes: 1, sha256: EVIL }],
    })),
    results: {
      domains: view.results!.domains.map((domain) => domain + EVIL),
      measures: view.results!.measures.map((info) => ({
        ...info,
        name: info.name === "bpb" ? info.name : info.name + EVIL,
        title: info.title + EVIL,
        table: info.table + EVIL,
      })),
      methods: Object.fromEntries(
        Object.entries(view.results!.methods).map(([method, list]) => [
          method + EVIL,
          list.map((one) => ({
            ...one,
            name: one.name === "bpb" ? one.name : one.name + EVIL,
            group: one.group + EVIL,
            device: EVIL,
          })),
        ]),
      ),
    },
  };
}

/** Labels and provenance with markup in every text that people or programs choose. */
export function evilAbout(): AboutRun {
  const hash = "0".repeat(64);
  return {
    labels: { name: EVIL, tags: ["good", EVIL], notes: [{ time: "2026-11-29T08:00:00.000Z", text: EVIL }], damaged: 0 },
    provenance: [{
      schemaVersion: 1,
      time: "2026-11-29T08:00:00.000Z",
      sources: { "stitch.count": "set", [EVIL]: "file" },
      configFile: EVIL,
      configCopy: null,
      process: { script: EVIL, arguments: [EVIL], folder: EVIL },
      git: {
        commit: "1f3c2a94de",
        branch: EVIL,
        changes: [EVIL],
        changed: 1,
        diff: { file: null, bytes: 3, sha256: hash },
        untracked: { file: null, sha256: hash, files: [], left: [{ path: EVIL, why: EVIL }], leftOut: 1 },
      },
      scriptFile: null,
      lock: { sha256: hash, bytes: 1, file: null },
      environment: {
        deno: EVIL,
        v8: EVIL,
        typescript: EVIL,
        system: EVIL,
        host: EVIL,
        processor: "A processor",
        cores: 2,
        memory: 8e9,
        device: { name: EVIL, description: EVIL, numerics: EVIL, threads: 2 },
        variables: { [EVIL]: EVIL },
      },
    }],
  };
}
