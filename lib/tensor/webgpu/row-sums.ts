// Sums and maxima along rows: invocations that share a row combine their partial results in a fixed order.
import type { Features } from "./features.ts";

/** Workgroup size of row-wise programs. */
export const ROW_THREADS = 256;
/** How many invocations may share a row. */
export const SHARERS = [32, 128, ROW_THREADS] as const;
/** WebGPU's smallest subgroup size. */
const LEAST_SUBGROUP = 4;

/** How many invocations share a row of this many steps. */
export function sharersOf(steps: number): number {
  return steps <= 128 ? 32 : steps <= 1024 ? 128 : ROW_THREADS;
}

/** The start of a row-wise entry point: `row`, the invocation's `share` of it, and whether it is `inside` the tensor. */
export function rowStart(sharers: number): string {
  return `
  let share = lane % ${sharers}u;
  let row = group * ${ROW_THREADS / sharers}u + lane / ${sharers}u;
  let inside = row < uniforms.rows;`;
}

/** Workgroups for this many rows. */
export function rowGroups(rows: number, sharers: number): number {
  return Math.ceil(rows / (ROW_THREADS / sharers));
}

/** How numbers are combined: two of them, and all of a subgroup. */
const OPERATIONS = {
  sum: { two: (a: string, b: string) => `${a} + ${b}`, subgroup: "subgroupAdd" },
  max: { two: (a: string, b: string) => `max(${a}, ${b})`, subgroup: "subgroupMax" },
};

/**
 * Declares the function `${name}(lane, share, value)`: the sum or maximum over the sharers of a row, all of which must
 * call it. If no subgroup spans two rows, each subgroup reduces its own values and then the subgroups' results are
 * combined; otherwise it is a tree in workgroup memory.
 */
export function rowFunction(
  { subgroups }: Features,
  name: string,
  sharers: number,
  operation: keyof typeof OPERATIONS,
  type = "f32",
): string {
  const { two, subgroup } = OPERATIONS[operation];
  const parts = `${name}Parts`;
  const signature = `fn ${name}(lane: u32, share: u32, value: ${type}) -> ${type} {
  workgroupBarrier();`;
  if (subgroups !== undefined && subgroups.most <= sharers) {
    return `
var<workgroup> ${parts}: array<${type}, ${ROW_THREADS / LEAST_SUBGROUP}>;
${signature}
  let some = ${subgroup}(value);
  if (lane % subgroupSize == 0u) { ${parts}[lane / subgroupSize] = some; }
  workgroupBarrier();
  let first = (lane - share) / subgroupSize;
  var whole = ${parts}[first];
  for (var i = 1u; i < ${sharers}u / subgroupSize; i++) { whole = ${two("whole", `${parts}[first + i]`)}; }
  return whole;
}`;
  }
  return `
var<workgroup> ${parts}: array<${type}, ${ROW_THREADS}>;
${signature}
  ${parts}[lane] = value;
  for (var half = ${sharers / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (share < half) { ${parts}[lane] = ${two(`${parts}[lane]`, `${parts}[lane + half]`)}; }
  }
  workgroupBarrier();
  return ${parts}[lane - share];
}`;
}

/** The sum of a vector's components, or the number itself. */
export function partsSum(type: string, expression: string): string {
  return type === "f32" ? expression : `dot(${expression}, vec4<f32>(1.0))`;
}
