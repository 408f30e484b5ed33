// The cell that measures a stitched model whose frozen models are packed: every weight is held once, in fewer bytes.
import { z } from "zod";
import {
  evaluationSet,
  type Lab,
  modelOf,
  readTokenizer,
  stitchedOnDevice,
  stitchFile,
  type Text,
  type Trained,
  weightsOf,
} from "../../../lib/bts/mod.ts";
import { openTokenizer } from "../../../lib/data/mod.ts";
import { bitsPerByte, scoringCost } from "../../../lib/eval/mod.ts";
import type { PackedWeights } from "../../../lib/model/mod.ts";
import type { CellResult } from "../../../lib/run/mod.ts";
import { loadStitches, stitchedLanguageModel } from "../../../lib/stitch/mod.ts";
import { heapBytes } from "../../../lib/tensor/mod.ts";
import { stitchedForwardFlops } from "../../../lib/train/mod.ts";

/** From full precision to the smallest. */
const FORMATS: readonly PackedWeights[] = ["f32", "f16", "q8", "q4"];

/** Windows of each domain that are scored in every format. */
const WINDOWS = 4;

/** Schema of {@linkcode Packed}. */
export const packedSchema = z.array(z.strictObject({
  format: z.string(),
  /** Bytes that models and stitches take; null if the device does not tell. */
  bytes: z.number().nullable(),
  tokensPerSecond: z.number(),
  /** Bits per byte of a part of the held-out text, the same for all formats. */
  bpb: z.number(),
}));

/** A stitched model by the format of its frozen models. */
export type Packed = z.infer<typeof packedSchema>;

/** Measures memory, speed and loss by format. */
export function packedCell(
  lab: Lab,
  text: Text,
  { seed, experts, stitches }: {
    readonly seed: CellResult<Trained>;
    readonly experts: ReadonlyMap<string, CellResult<Trained>>;
    readonly stitches: CellResult<Trained>;
  },
): Promise<CellResult<Packed>> {
  const { config, corpus, rngSeed, device } = lab;
  const model = modelOf(lab, text);
  const tokens = FORMATS.length * corpus.domains.length * WINDOWS * model.contextLength;
  return lab.run.cell({
    name: "packed",
    title: "Pack the frozen models",
    description: "Memory, speed and loss of the stitched model with frozen models in fewer bits.",
    inputs: {
      kind: "packed",
      formats: FORMATS,
      stitches: stitches.key,
      data: corpus.fingerprint,
      text: text.content,
      tokens: config.eval.tokens,
      rngSeed,
    },
    code: import.meta,
    device,
    output: packedSchema,
    cost: () => ({ tokens, flops: tokens * stitchedForwardFlops(model, config.stitch, experts.size), bytes: 0 }),
  }, async (cell) => {
    const weights = await Promise.all([seed, ...experts.values()].map(weightsOf));
    const file = await loadStitches(stitchFile(stitches.folder));
    const tokenizer = openTokenizer(await readTokenizer(text), { rows: text.value.vocabSize });
    const all = Object.values(evaluationSet(lab, tokenizer).windows);
    const windows = all.flatMap((own, domain) =>
      own.slice(0, WINDOWS).map((window, at) => ({ ...window, document: domain * WINDOWS + at }))
    );
    const found: Packed = [];
    for (const format of FORMATS) {
      cell.signal.throwIfAborted();
      using scope = new DisposableStack();
      const before = heapBytes()?.used;
      const { stitched } = stitchedOnDevice({ model, weights, file }, scope, format);
      const after = heapBytes()?.used;
      const language = stitchedLanguageModel(stitched);
      const { batch } = config.eval;
      const { bpb } = await bitsPerByte(language, windows, { batch });
      const { tokensPerSecond } = await scoringCost(language, windows, { batch, repeats: 3 });
      const bytes = before === undefined || after === undefined ? null : after - before;
      found.push({ format, bytes, tokensPerSecond, bpb: bpb.value });
    }
    cell.summary(found.map(({ format, bpb }) => `${format} ${bpb.toFixed(3)}`).join(", "));
    return found;
  });
}
