// The product of a few rows with a transposed matrix, as when generating a token. Tiles of C would be mostly empty, so
// here invocations split the inner dimension instead.
import { unpackFunctions } from "./half-code.ts";
import { type Program, program, range } from "./program.ts";
import { ROW_THREADS, rowFunction } from "./row-sums.ts";

/** Most rows that are multiplied this way. */
export const FEW_ROWS = 8;
/** Invocations that share one column of C, and columns of a workgroup. */
const SHARERS = 32;
const COLUMNS = ROW_THREADS / SHARERS;

/** The WGSL type of one to four numbers. */
function vectorOf({ length }: readonly number[]): string {
  return length === 1 ? "f32" : `vec${length}<f32>`;
}

/** Workgroups for `N` columns. */
export function fewRowsGroups(N: number): number {
  return Math.ceil(N / COLUMNS);
}

/**
 * Reads A `[rows, K]`, B `[N, K]` and, if it `adds`, a tensor to add; writes C `[rows, N]`. `aligned` means that K is a
 * multiple of four, `half` that B holds packed halves, which must be aligned.
 */
export function fewRowsProgram(rows: number, aligned: boolean, half: boolean, adds: boolean): Program {
  const type = aligned ? "vec4<f32>" : "f32";
  const width = aligned ? 4 : 1;
  const each = range(rows);
  // rows are summed four at a time
  const groups = [each.slice(0, 4), each.slice(4)].filter((group) => group.length > 0);
  const sumOf = (row: number) => {
    const group = groups[Math.floor(row / 4)]!;
    return `sums${group[0]}${group.length === 1 ? "" : `[${row % 4}]`}`;
  };
  const product = (row: number) => `a[${row}u * steps + k]`;
  return program(`product of ${rows} rows ${type} ${half} ${adds}`, (features) => ({
    reads: { a: type, b: half ? "vec2<i32>" : type, ...(adds ? { plus: "f32" } : {}) },
    writes: { c: "f32" },
    uniforms: { N: "u32", K: "u32" },
    size: ROW_THREADS,
    declarations: (half ? unpackFunctions(features) : "") +
      groups.map((group) => rowFunction(features, `total${group[0]}`, SHARERS, "sum", vectorOf(group))).join(""),
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
${
      groups.map((group) =>
        `  let sums${group[0]} = total${group[0]}(lane, share, ${vectorOf(group)}(${
          group.map((row) => `sum${row}`).join(", ")
        }));`
      ).join("\n")
    }
  if (share == 0u && column < uniforms.N) {
${
      each.map((row) => {
        const at = `${row}u * uniforms.N + column`;
        return `    c[${at}] = ${sumOf(row)}${adds ? ` + plus[${at}]` : ""};`;
      }).join("\n")
    }
  }`,
  }));
}
