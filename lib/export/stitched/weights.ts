// The weights of a stitched model by the names that modeling_stitched.py gives them.
import type { HostTensor, HostWeights, ModelConfig } from "../../model/mod.ts";
import type { StitchConfig, StitchPlace } from "../../stitch/mod.ts";

/** The decoders and the stitches of a stitched model. */
interface Parts {
  readonly model: ModelConfig;
  /** The hub first. */
  readonly decoders: readonly HostWeights[];
  readonly stitch: StitchConfig;
  readonly stitches: HostWeights;
  readonly places: readonly StitchPlace[];
}

/**
 * The weights that the model reads. The others are left out: the experts' norms, heads and layers after the last stitch,
 * and the hub's gates of stitches into the experts.
 */
export function namedWeights(parts: Parts): ReadonlyMap<string, HostTensor> {
  return new Map([...decoderWeights(parts), ...stitchWeights(parts)]);
}

function* decoderWeights({ decoders, stitch, places }: Parts): Generator<[string, HostTensor]> {
  const held = stitch.frozen === "half" ? inHalf : (tensor: HostTensor) => tensor;
  const last = places.at(-1)!.after;
  const isRead = (name: string) => {
    const layer = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    return layer === undefined ? name === "model.embed_tokens.weight" : Number(layer) < last;
  };
  for (const [i, weights] of decoders.entries()) {
    for (const [name, tensor] of Object.entries(weights)) {
      const whole = name.replace(/^model\./, i === 0 ? "hub." : `experts.${i - 1}.`);
      if (i === 0 || isRead(name)) yield [whole, held(tensor)];
    }
  }
}

/** A weight as `stitch.frozen=half` holds it: norms, and matrices with rows of odd length, stay as they are. */
function inHalf({ shape, data }: HostTensor): HostTensor {
  if (shape.length === 1 || shape.at(-1)! % 2 === 1) return { shape, data };
  return { shape, data: Float32Array.from(new Float16Array(data)) };
}

function* stitchWeights({ model, stitch, stitches, places }: Parts): Generator<[string, HostTensor]> {
  const rows = stitch.gates === "scalar" ? 1 : model.width;
  for (const [name, tensor] of Object.entries(stitches)) {
    const [, index, part, member] = /^stitch\.(\d+)\.(\w+)\.(\d+)$/.exec(name)!;
    if (places[Number(index)]!.kind === "H2E" && member === "0") continue;
    const prefix = `stitch.${index}.`;
    if (part !== "gate_bias") yield [`${prefix}${part}.${member}.weight`, tensor];
    else yield [`${prefix}gate.${member}.bias`, { shape: [rows], data: new Float32Array(rows).fill(tensor.data[0]!) }];
  }
}
