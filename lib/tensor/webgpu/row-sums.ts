// Sums along rows: some invocations of a workgroup share a row and add up what each found, always in one order.

/** Invocations in a workgroup of a row-wise program. */
export const ROW_THREADS = 256;

/** Invocations that share a row of this many steps. */
export function sharersOf(steps: number): number {
  return steps <= 128 ? 32 : steps <= 1024 ? 128 : ROW_THREADS;
}

/** The beginning of a row-wise entry point: `row`, the invocation's `share` of it, and whether there is such a row. */
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

/** Declares the function `${name}(lane, share, value)` that adds up over the sharers of a row; all must call it. */
export function rowSumFunction(name: string, sharers: number, type = "f32"): string {
  return `
var<workgroup> ${name}Parts: array<${type}, ${ROW_THREADS}>;
fn ${name}(lane: u32, share: u32, value: ${type}) -> ${type} {
  workgroupBarrier();
  ${name}Parts[lane] = value;
  for (var half = ${sharers / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (share < half) { ${name}Parts[lane] += ${name}Parts[lane + half]; }
  }
  workgroupBarrier();
  return ${name}Parts[lane - share];
}`;
}

/** The sum of a vector's parts, or the number itself. */
export function partsSum(type: string, expression: string): string {
  return type === "f32" ? expression : `dot(${expression}, vec4<f32>(1.0))`;
}
