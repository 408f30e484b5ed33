// A made-up run for tests of the pages: nine cells with curves of the right shape. None of its numbers was measured.
import type { EventBody, RunEvent, RunResults } from "../../lib/run/mod.ts";
import { type MethodScores, resultsOf } from "./results.ts";

export interface DemoOptions {
  readonly id: string;
  /** Steps of each training cell; one point a step. @default 40 */
  readonly steps?: number;
  /** @default "Demo run (made-up numbers)" */
  readonly title?: string;
  /** As older versions logged it: without what cells need and take. @default false */
  readonly plain?: boolean;
}

export const DEMO_DOMAINS = ["english", "code", "math", "multilingual"];

const CELLS = [
  [
    "data",
    "Real text in four domains",
    "Reads the packages, splits by document and checks that no held-out text is in training.",
  ],
  ["tokenizer", "Byte-level BPE", "Learns 4,096 tokens from the seed's mix."],
  [
    "seed",
    "Pretrain the seed",
    "A small Llama decoder on the mix of all domains: the model that everything is branched from.",
  ],
  ["expert:code", "Expert for code", "The seed, trained further on JavaScript and TypeScript declarations."],
  ["expert:math", "Expert for math", "The seed, trained further on generated problems with exact answers."],
  [
    "expert:multilingual",
    "Expert for languages",
    "The seed, trained further on the same messages in thirteen languages.",
  ],
  ["stitch", "Train the stitches", "All models frozen; only the stitch layers between hub and experts learn."],
  ["evaluate", "Evaluate", "Held-out bits per byte on each domain and one task a domain."],
  ["report", "Report", "Table, curves and gates on one page."],
] as const;

/** The whole run, as the bodies of its events in order. */
export function demoBodies(
  { id, steps = 40, title = "Demo run (made-up numbers)", plain = false }: DemoOptions,
): EventBody[] {
  const bodies: EventBody[] = [{
    kind: "run.start",
    schemaVersion: 1,
    run: id,
    experiment: "bts",
    title,
    preset: "demo",
    seed: 1,
    device: "test",
    config: { model: { layers: 4, width: 128 }, stitch: { count: 2 }, note: "made up for tests" },
    plan: CELLS.map(([cell, title]) => ({
      cell,
      title,
      ...(plain ? {} : { needs: needsOf(cell), work: workOf(cell) }),
    })),
    ...(plain ? {} : { speed: { flopsPerSecond: 5e10, secondsPerLayer: 1e-4 } }),
    command: ["deno", "task", "bts", "--preset", "demo"],
    versions: { stitchbook: "0.0.0-test", deno: "2.9.6" },
    pid: Deno.pid,
  }];
  for (const [index, [cell, title, description]] of CELLS.entries()) {
    bodies.push({ kind: "cell.start", cell, title, description, cellKey: `made-up-${index}` });
    bodies.push(...cellBodies(cell, index, steps));
  }
  bodies.push({ kind: "run.end", status: "done", seconds: 171.4, results: demoResults() });
  return bodies;
}

function needsOf(cell: string): string[] {
  const experts = CELLS.map(([name]) => name).filter((name) => name.startsWith("expert:"));
  const fixed: Record<string, string[]> = {
    data: [],
    tokenizer: ["data"],
    seed: ["tokenizer"],
    stitch: ["tokenizer", "seed", ...experts],
    evaluate: ["tokenizer", "seed", ...experts, "stitch"],
    report: ["evaluate"],
  };
  return fixed[cell] ?? ["tokenizer", "seed"];
}

function workOf(cell: string) {
  const trains = cell === "seed" || cell === "stitch" || cell.startsWith("expert:");
  return trains
    ? { tokens: 2e5, flops: 2e12, layers: 1e4 }
    : { tokens: 0, flops: cell === "evaluate" ? 1e12 : 0, layers: 0 };
}

function cellBodies(cell: string, index: number, steps: number): EventBody[] {
  const end = (seconds: number, summary: string): EventBody => ({
    kind: "cell.end",
    cell,
    status: "done",
    seconds,
    summary,
  });
  switch (cell) {
    case "data":
      return [
        { kind: "table", cell, table: splitTable() },
        { kind: "note", cell, level: "info", text: "3 near-duplicates were moved into the training split" },
        end(2.31, "4 domains, 8,214 documents, 21.4 MB"),
      ];
    case "tokenizer":
      return [
        {
          kind: "artifact",
          cell,
          name: "tokenizer",
          path: "cells/made-up-1/tokenizer.json",
          bytes: 214_311,
          sha256: "0".repeat(64),
        },
        {
          kind: "cell.end",
          cell,
          status: "cached",
          seconds: 0.02,
          summary: "4,096 tokens, 3.4 bytes a token",
          builtBy: "20261121-091500-bts-demo-zzzz",
        },
      ];
    case "evaluate":
      return [
        { kind: "metrics", cell, step: 86, steps: 100, values: {} },
        { kind: "table", cell, table: gateTable() },
        end(11.8, "BTS has the lowest mean of the single models"),
      ];
    case "report":
      return [
        { kind: "artifact", cell, name: "report", path: "report.html", bytes: 181_022, sha256: "1".repeat(64) },
        end(0.9, "report.html, report.md"),
      ];
    default:
      return [
        ...trainingBodies(cell, index, steps),
        {
          kind: "artifact",
          cell,
          name: "weights",
          path: `cells/made-up-${index}/model.safetensors`,
          bytes: 5_243_112,
          sha256: "2".repeat(64),
        },
        end(20 + 4 * index, `validation ${curve(index, steps, steps).toFixed(3)} after ${steps} steps`),
      ];
  }
}

function trainingBodies(cell: string, index: number, steps: number): EventBody[] {
  const noise = lcg(index);
  return Array.from({ length: steps }, (_, i): EventBody => {
    const step = i + 1;
    const loss = curve(index, step, steps);
    const validation = step % Math.max(1, Math.floor(steps / 8)) === 0 ? { validation: loss + 0.12 } : {};
    const lr = 3e-3 * Math.min(1, step / (steps * 0.05)) * (0.55 + 0.45 * Math.cos(Math.PI * step / steps));
    const values = {
      loss: loss + 0.16 * (noise() - 0.5),
      ...validation,
      lr,
      gradNorm: 0.6 + 0.4 * noise(),
      tokensPerSecond: 5200 + 400 * noise(),
    };
    return { kind: "metrics", cell, step, steps, values };
  });
}

function curve(index: number, step: number, steps: number): number {
  const start = index === 2 ? 8.3 : index === 6 ? 4.2 : 4.8;
  const end = index === 2 ? 4.4 : 3.1 + 0.1 * (index % 3);
  return end + (start - end) * Math.exp(-5 * step / steps);
}

/** A small generator, so that the demo is the same every time. */
function lcg(seed: number): () => number {
  let state = seed * 2654435761 >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function splitTable() {
  return {
    name: "splits",
    title: "Documents and text by domain (made up)",
    columns: [
      { key: "domain", title: "Domain", kind: "text" as const },
      { key: "documents", title: "Documents", kind: "number" as const, digits: 0 },
      { key: "train", title: "Train, MB", kind: "number" as const, digits: 2 },
      { key: "heldout", title: "Held out, MB", kind: "number" as const, digits: 2 },
      { key: "source", title: "From", kind: "text" as const },
    ],
    rows: DEMO_DOMAINS.map((domain, i) => ({
      domain,
      documents: 4100 >> i,
      train: 9.5 / (i + 1),
      heldout: 0.4 / (i + 1),
      source: "test fixture",
    })),
  };
}

function gateTable() {
  return {
    name: "gates",
    title: "Mean gate of the last stitch by domain (made up)",
    columns: [
      { key: "domain", title: "Domain", kind: "text" as const },
      ...["hub", "code", "math", "multilingual"].map((key) => ({
        key,
        title: key,
        kind: "number" as const,
        digits: 2,
        better: "higher" as const,
      })),
    ],
    rows: DEMO_DOMAINS.map((domain, i) => ({
      domain,
      ...Object.fromEntries(["hub", "code", "math", "multilingual"].map((key, j) => [key, i === j ? 0.52 : 0.16])),
    })),
  };
}

/** Made-up results in which the stitched model is ahead of the seed. */
export function demoResults(): RunResults {
  const rows: Readonly<Record<string, readonly [number, number, number, number]>> = {
    "seed": [2.31, 2.02, 1.61, 3.02],
    "expert:code": [2.95, 1.44, 2.4, 3.9],
    "expert:math": [3.1, 2.9, 1.02, 4.1],
    "expert:multilingual": [3.02, 2.71, 2.55, 2.11],
    "soup": [2.29, 1.93, 1.5, 2.85],
    "btm": [2.24, 1.51, 1.08, 2.2],
    "bts": [2.22, 1.56, 1.11, 2.26],
  };
  const methods = Object.entries(rows).map(([name, scores], i): [string, MethodScores] => {
    const bpb = Object.fromEntries(DEMO_DOMAINS.map((domain, j) => [domain, scores[j]!]));
    bpb.mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const estimate = (value: number, samples: number) => ({ value, low: value - 0.04, high: value + 0.04, samples });
    const many = name === "btm" || name === "bts";
    return [name, {
      bpb,
      bpbInterval: Object.fromEntries(Object.entries(bpb).map(([domain, value]) => [domain, estimate(value, 40)])),
      tasks: {
        arithmetic: estimate(0.08 + 0.07 * i, 200),
        "code choice": estimate(0.31 + 0.04 * i, 200),
        translation: estimate(0.26 + 0.05 * i, 160),
      },
      parameters: {
        trained: name === "bts" ? 229_376 : name === "soup" || name === "btm" ? 0 : 1_310_848,
        total: many ? 5_472_768 : 1_310_848,
        active: many ? 5_472_768 : 1_310_848,
      },
    }];
  });
  return resultsOf(DEMO_DOMAINS, Object.fromEntries(methods));
}

/** Bodies stamped as a log would stamp them, `msApart` milliseconds between two. */
export function stamp(bodies: readonly EventBody[], start: Date, msApart: number, firstSeq = 0): RunEvent[] {
  return bodies.map((body, i) => ({
    seq: firstSeq + i,
    time: new Date(start.getTime() + i * msApart).toISOString(),
    ...body,
  } as RunEvent));
}
