// Half-precision weights on WebGPU: unpacked by their bits, because WGSL's own conversion may lose what is not finite and
// what is subnormal.
import { EMBEDDING_HALF } from "../ops/embedding.ts";
import { UNPACK_HALF } from "../ops/half.ts";
import { checkIds } from "./embedding.ts";
import { ELEMENTS, type KernelFunction, register, sizeOf } from "./kernel.ts";
import { program } from "./program.ts";

/** The two numbers of a word, the lower half first. */
const UNPACK = `
fn unpackOne(half: u32) -> f32 {
  let sign = (half & 0x8000u) << 16u;
  let exponent = (half >> 10u) & 31u;
  let fraction = half & 1023u;
  if (exponent == 31u) { return bitcast<f32>(sign | 0x7f800000u | (fraction << 13u)); }
  if (exponent == 0u) { return select(1.0, -1.0, sign != 0u) * f32(fraction) * 5.9604644775390625e-8; }
  return bitcast<f32>(sign | ((exponent + 112u) << 23u) | (fraction << 13u));
}
fn unpack(word: i32) -> vec2<f32> {
  let bits = bitcast<u32>(word);
  return vec2<f32>(unpackOne(bits & 0xffffu), unpackOne(bits >> 16u));
}`;

const unpackHalf: KernelFunction = ({ inputs: { x }, backend }) => {
  backend.check(x!, "int32");
  const { shape } = x!;
  const y = backend.output([...shape.slice(0, -1), 2 * shape.at(-1)!]);
  const made = program("unpackHalf", () => ({
    reads: { x: "i32" },
    writes: { y: "vec2<f32>" },
    uniforms: { count: "u32" },
    size: ELEMENTS,
    declarations: UNPACK,
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
  checkIds(backend, ids!, vocab);
  const [rows] = ids!.shape as [number];
  const y = backend.output([rows, 2 * words]);
  const made = program("embeddingHalf", () => ({
    reads: { table: "i32", ids: "i32" },
    writes: { y: "vec2<f32>" },
    uniforms: { count: "u32", words: "u32" },
    size: ELEMENTS,
    declarations: UNPACK,
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
