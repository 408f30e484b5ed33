// Half-precision weights on WebGPU: unpacking whole tensors or rows of a table. Products read packed weights directly.
import { EMBEDDING_HALF } from "../ops/embedding.ts";
import { UNPACK_HALF } from "../ops/half.ts";
import { checkNewIds } from "./embedding.ts";
import { ELEMENTS, type KernelFunction, register, sizeOf } from "./kernel.ts";
import { unpackFunctions } from "./half-code.ts";
import { program } from "./program.ts";

/** `[..., n / 2]` words as `[..., n]` numbers. */
export const unpackHalf: KernelFunction = ({ inputs: { x }, backend }) => {
  backend.check(x!, "int32");
  const { shape } = x!;
  const y = backend.output([...shape.slice(0, -1), 2 * shape.at(-1)!]);
  const made = program("unpackHalf", (features) => ({
    reads: { x: "i32" },
    writes: { y: "vec2<f32>" },
    uniforms: { count: "u32" },
    size: ELEMENTS,
    declarations: unpackFunctions(features),
    main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i < uniforms.count) { y[i] = unpack(x[i]); }`,
  }));
  const count = sizeOf(shape);
  backend.launch(made, [x!, y], [count], Math.ceil(count / ELEMENTS));
  return y;
};

const embeddingHalf: KernelFunction = ({ inputs: { table, ids }, backend }) => {
  backend.check(table!, "int32");
  const [vocab, words] = table!.shape as [number, number];
  checkNewIds(backend, ids!, vocab);
  const [rows] = ids!.shape as [number];
  const y = backend.output([rows, 2 * words]);
  const made = program("embeddingHalf", (features) => ({
    reads: { table: "i32", ids: "i32" },
    writes: { y: "vec2<f32>" },
    uniforms: { count: "u32", words: "u32" },
    size: ELEMENTS,
    declarations: unpackFunctions(features),
    main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.count) { return; }
  y[i] = unpack(table[u32(ids[i / uniforms.words]) * uniforms.words + i % uniforms.words]);`,
  }));
  const count = rows * words;
  backend.launch(made, [table!, ids!, y], [count, words], Math.ceil(count / ELEMENTS));
  return y;
};

export function registerHalf(): void {
  register(UNPACK_HALF, unpackHalf);
  register(EMBEDDING_HALF, embeddingHalf);
}
