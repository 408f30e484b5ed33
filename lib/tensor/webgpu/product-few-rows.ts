// The product of a few rows with a transposed matrix, as in generating one token: each number of B is used once or a
// few times, so that its tiles would be mostly empty; here invocations share the inner dimension instead.
import { UNPACK } from "./half-code.ts";
import { type Program, program } from "./program.ts";

/** Most rows that go this way. */
export const FEW_ROWS = 8;
/** Invocations that share one column of C, and columns of a workgroup. */
const SHARERS = 32;
const COLUMNS = 8;

/** Workgroups for `N` columns. */
export function fewRowsGroups(N: number): number {
  return Math.ceil(N / COLUMNS);
}

/**
 * Reads A `[rows, K]`, B `[N, K]` and, if it `adds`, what is added, writes C `[rows, N]`; `aligned` if K is a multiple of
 * four; `half` if B's numbers are packed halves, which needs that.
 */
export function fewRowsProgram(rows: number, aligned: boolean, half: boolean, adds: boolean): Program {
  const type = aligned ? "vec4<f32>" : "f32";
  const width = aligned ? 4 : 1;
  const each = Array.from({ length: rows }, (_, row) => row);
  const product = (row: number) => `a[${row}u * steps + k]`;
  return program(`product of ${rows} rows ${type} ${half} ${adds}`, () => ({
    reads: { a: type, b: half ? "vec2<i32>" : type, ...(adds ? { plus: "f32" } : {}) },
    writes: { c: "f32" },
    uniforms: { N: "u32", K: "u32" },
    size: SHARERS * COLUMNS,
    declarations: `${half ? UNPACK : ""}
var<workgroup> sums: array<f32, ${rows * SHARERS * COLUMNS}>;`,
    main: `
  let share = lane % ${SHARERS}u;
  let column = group * ${COLUMNS}u + lane / ${SHARERS}u;
  let steps = uniforms.K / ${width}u;
${each.map((row) => `  var sum${row} = 0.0;`).join("\n")}
  if (column < uniforms.N) {
    for (var k = share; k < steps; k += ${SHARERS}u) {
      let other = ${half ? "unpackFour(b[column * steps + k])" : "b[column * steps + k]"};
${
      each.map((row) => `      sum${row} += ${aligned ? `dot(${product(row)}, other)` : `${product(row)} * other`};`)
        .join("\n")
    }
    }
  }
${each.map((row) => `  sums[${row * SHARERS * COLUMNS}u + lane] = sum${row};`).join("\n")}
  for (var half = ${SHARERS / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (share < half) {
${
      each.map((row) =>
        `      sums[${row * SHARERS * COLUMNS}u + lane] += sums[${row * SHARERS * COLUMNS}u + lane + half];`
      ).join("\n")
    }
    }
  }
  if (share == 0u && column < uniforms.N) {
${
      each.map((row) => {
        const at = `${row}u * uniforms.N + column`;
        return `    c[${at}] = sums[${row * SHARERS * COLUMNS}u + lane]${adds ? ` + plus[${at}]` : ""};`;
      }).join("\n")
    }
  }`,
  }));
}
