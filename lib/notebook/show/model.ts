// A model that shows itself: its shape, layers, parameters and memory.
import type { TrainedModel } from "../../library/mod.ts";
import { headSizeOf, layerShapes, weightShapes } from "../../model/mod.ts";
import { byteSize, compact } from "../../report/mod.ts";
import { numberColumn, type Table, textColumn } from "../../run/mod.ts";
import { type Displayable, displayingNow } from "../display.ts";
import { tablesBundle } from "./table.ts";

const FLOAT_BYTES = 4;

/** Adds to a model how it shows itself. */
export function showsModel(model: TrainedModel, run: string): TrainedModel & Displayable {
  return displayingNow(model, () => tablesBundle(factsTable(model, run), partsTable(model)));
}

type Shown = Pick<TrainedModel, "name" | "config" | "parameters" | "vocabSize" | "contextLength">;

function factsTable({ name, config, parameters, vocabSize, contextLength }: Shown, run: string): Table {
  const { width, layers, heads, kvHeads, inner, tiedEmbeddings } = config;
  const cache = 2 * layers * kvHeads * headSizeOf(config) * FLOAT_BYTES;
  const fact = (what: string, value: string) => ({ what, value });
  return {
    name: "model",
    title: `Model ${name} of ${run}`,
    columns: [textColumn("what", "of the model"), textColumn("value", " ")],
    rows: [
      fact("parameters in memory", `${compact(parameters.total)} (${byteSize(FLOAT_BYTES * parameters.total)})`),
      fact("used for each token", compact(parameters.active)),
      fact("trained for this model", compact(parameters.trained)),
      fact("decoder", `${layers} layers of width ${width}, ${heads} heads (${kvHeads} of keys), inner width ${inner}`),
      fact("vocabulary", `${vocabSize} tokens${tiedEmbeddings ? ", one table for embedding and head" : ""}`),
      fact("context", `${contextLength} tokens; keys and values of a decoder take ${byteSize(cache)} a token`),
    ],
  };
}

/** The parameters of one of its decoders, part by part. */
function partsTable({ config }: Shown): Table {
  const ofLayer = layerShapes(config);
  const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  const part = (name: string, shape: readonly number[], times: number) => ({
    part: times > 1 ? `${times} × ${name}` : name,
    shape: shape.join(" × "),
    parameters: times * size(shape),
  });
  const outside = [...weightShapes(config)].filter(([name]) => !name.startsWith("model.layers."));
  return {
    name: "parts",
    title: "Parameters of one decoder",
    columns: [textColumn("part"), textColumn("shape"), numberColumn("parameters", "parameters", 0)],
    rows: [
      ...outside.slice(0, 1).map(([name, shape]) => part(name, shape, 1)),
      ...[...ofLayer].map(([name, shape]) => part(`layer ${name}`, shape, config.layers)),
      ...outside.slice(1).map(([name, shape]) => part(name, shape, 1)),
    ],
  };
}
