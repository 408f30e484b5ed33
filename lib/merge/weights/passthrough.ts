// One model as it is, or scaled.
import type { WeightMethod } from "./method.ts";
import { ranges, sizeOf } from "./source.ts";

/** `scale · θ`. */
export const passthrough: WeightMethod = {
  name: "passthrough",
  title: "Passthrough",
  description: "One model as it is, or with all its weights scaled: to change its type or the size of its files.",
  source: "https://github.com/arcee-ai/mergekit/blob/main/docs/merge_methods.md",
  options: { scale: 1 },
  base: false,
  models: { least: 1, most: 1 },
  *merge({ models, piece }, { scale }) {
    const model = models[0]!;
    for (const [begin, end] of ranges(sizeOf(model.shape), piece)) {
      yield model.read(begin, end).map((value) => value * scale);
    }
  },
};
