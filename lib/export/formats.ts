// Which models of a run can be written for which programs.
import {
  baselineDefaults,
  type MergedMethod,
  type MixtureConfig,
  mixtureConfigSchema,
  SELF_STITCH,
} from "../baselines/mod.ts";
import type { FinishedRun } from "../bts/mod.ts";
import { UserError } from "../errors.ts";
import { type SavedModel, savedModels } from "../library/mod.ts";
import { methodPhrase } from "../methods.ts";
import { type Exporter, type Format, FORMAT_TITLES } from "./exporter.ts";
import { isPlainMixture, MIXTURE, mixtureExporter } from "./mixture-exporter.ts";
import { plainExporter } from "./plain.ts";
import { selfStitchExporter, stitchedExporter } from "./stitched-exporter.ts";

/** Formats of a model, and why it has not all of them, as a clause. */
interface Support {
  readonly formats: readonly Format[];
  readonly lacks?: string;
}

const STITCHED: Support = { formats: ["hf"], lacks: "llama.cpp has no architecture for stitched models" };

/** The formats that a model can be written in. */
function supportOf(run: FinishedRun, saved: SavedModel): Support {
  if (saved.kind === "decoder" || saved.kind === "merge") return { formats: ["hf", "gguf"] };
  if (saved.kind === "ensemble") {
    return { formats: [], lacks: "it mixes the probabilities of whole models, which no model file describes" };
  }
  if (saved.kind === "stitched") return STITCHED;
  const { method } = saved;
  if (method.making === "pretraining") return { formats: ["hf", "gguf"] };
  if (method.name === SELF_STITCH.name) return STITCHED;
  if (method.file.kind === MIXTURE && isPlainMixture(mixtureOf(run, method))) {
    return { formats: ["hf", "gguf"] };
  }
  return { formats: [], lacks: `neither transformers nor llama.cpp computes what ${method.label} does` };
}

/** The settings of a mixture of experts. */
function mixtureOf({ config: { stitch, experts, data } }: FinishedRun, method: MergedMethod): MixtureConfig {
  const domains = Object.keys(data.domains);
  return mixtureConfigSchema.parse(method.configOf(baselineDefaults({ stitch, experts, domains })));
}

/**
 * Opens one of a run's models for writing.
 *
 * @throws UserError `export.format` naming the formats that work, or the models that can be written; `run.unfinished`,
 *   `run.damaged`
 */
export async function exporterOf(run: FinishedRun, name: string, saved: SavedModel, to: Format): Promise<Exporter> {
  const { formats, lacks } = supportOf(run, saved);
  if (!formats.includes(to)) {
    const others = [...savedModels(run)].filter(([, one]) => supportOf(run, one).formats.includes(to)).map(([one]) =>
      one
    );
    throw new UserError(
      "export.format",
      `Cannot export ${methodPhrase(name)} of the run ${run.view.id} as ${FORMAT_TITLES[to]}: ${lacks}`,
      formats.length > 0
        ? `choose ${formats.map((one) => `--to ${one} (${FORMAT_TITLES[one]})`).join(" or ")}`
        : `these models of the run can be exported so: ${others.join(", ")}`,
    );
  }
  if (saved.kind === "stitched") return await stitchedExporter(run, saved.cell);
  if (name === SELF_STITCH.name) return await selfStitchExporter(run);
  if (saved.kind === "method" && saved.method.making !== "pretraining") return await mixtureExporter(run, name);
  if (saved.kind === "method") return await plainExporter(run, name, { kind: "decoder", cell: saved.method.name });
  return await plainExporter(run, name, saved as Parameters<typeof plainExporter>[2]);
}
