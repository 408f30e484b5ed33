// A run's results and a cell that trains, for tests of what shows runs.
import { z } from "zod";
import type { Run } from "../../lib/run/mod.ts";
import { resultsOf } from "./results.ts";

const estimate = { value: 0.5, low: 0.4, high: 0.6, samples: 100 };

export const results = resultsOf(["english", "code"], {
  seed: { bpb: { english: 2, code: 3, mean: 2.5 }, tasks: { math: estimate } },
  bts: { bpb: { english: 2.1, code: 2, mean: 2.05 } },
});

export const trainCell = (run: Run, name: string) =>
  run.cell(
    { name, title: `Train ${name}`, description: "", inputs: {}, code: import.meta, output: z.number() },
    (context) => {
      for (let step = 1; step <= 5; step++) context.metrics(step, 5, { loss: 4 - step / 5, tokensPerSecond: 12_345 });
      context.note("a \x1b[31mred\x1b[0m note", "warning");
      context.summary("loss 3.00");
      return Promise.resolve(3);
    },
  );
