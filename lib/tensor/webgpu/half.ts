// Half-precision weights on WebGPU: unpacking whole tensors or rows of a table. Products read packed weights directly.
import { EMBEDDING_HALF } from "../ops/embedding.ts";
import { type HalfFormat, UNPACK_HALF } from "../ops/half.ts";
import { checkNewIds } from "./embedding.ts";
import { type KernelFunction, perElement, register, sizeOf } from "./kernel.ts";
import { UNPACK_BFLOAT16, unpackFunctions } from "./half-code.ts";

type Attributes = Readonly<Record<string, unknown>>;
const isBfloat16 = (attrs: Attributes) => (attrs as Partial<HalfFormat>).bfloat16 === true;
const keyOf = (name: string, attrs: Attributes) => isBfloat16(attrs) ? `${name} bfloat16` : name;
const declarationsOf = (attrs: Attributes) => isBfloat16(attrs) ? () => UNPACK_BFLOAT16 : unpackFunctions;

/** `[..., n / 2]` words as `[..., n]` numbers. */
export const unpackHalf: KernelFunction = ({ inputs: { x }, attrs, backend }) => {
  backend.check(x!, "int32");
  const { shape } = x!;
  const y = backend.output([...shape.slice(0, -1), 2 * shape.at(-1)!]);
  perElement(backend, {
    key: keyOf("unpackHalf", attrs),
    count: sizeOf(shape),
    reads: { x: ["i32", x!] },
    writes: { y: ["vec2<f32>", y] },
    declarations: declarationsOf(attrs),
    body: () => "  y[i] = unpack(x[i]);",
  });
  return y;
};

const embeddingHalf: KernelFunction = ({ inputs: { table, ids }, attrs, backend }) => {
  backend.check(table!, "int32");
  const [vocab, words] = table!.shape as [number, number];
  checkNewIds(backend, ids!, vocab);
  const [rows] = ids!.shape as [number];
  const y = backend.output([rows, 2 * words]);
  perElement(backend, {
    key: keyOf("embeddingHalf", attrs),
    count: rows * words,
    reads: { table: ["i32", table!], ids: ["i32", ids!] },
    writes: { y: ["vec2<f32>", y] },
    uniforms: { words },
    declarations: declarationsOf(attrs),
    body: () => "  y[i] = unpack(table[u32(ids[i / uniforms.words]) * uniforms.words + i % uniforms.words]);",
  });
  return y;
};

register(UNPACK_HALF, unpackHalf);
register(EMBEDDING_HALF, embeddingHalf);
