// Generates the inner loops of matrix products in WebAssembly: the sums of a tile of C are local variables.
//
// 6×8 elements are 12 vectors, which leaves four registers for A and B. V8 keeps one register to itself, so one vector of
// A spills to the stack; products are 5 % slower if the frames of the callers happen to leave that slot unaligned, so
// measure after changing them. A larger tile spills its sums: a tenth faster at best, and a third slower once V8 has
// recompiled the callers. V8 checks the bounds of every access, so that few loads matter: if A is packed, one load
// fetches four of its elements.
import { A_STEP_BYTES, B_STEP_BYTES, PACKED_LANES, TILE_COLUMNS, TILE_ROWS } from "../layout/constants.ts";

const rows = Array.from({ length: TILE_ROWS }, (_, row) => row);
const vectors = Array.from({ length: TILE_COLUMNS / 4 }, (_, i) => i);
const sums = rows.flatMap((row) => vectors.map((vector) => ({ row, vector, name: `c${row}${vector}` })));

/** One of the functions: where it finds the elements of A, and how it advances from one k to the next. */
interface Variant {
  readonly name: string;
  readonly comment: string;
  /** An additional parameter. */
  readonly stride?: string;
  /** Steps of k per iteration. */
  readonly unroll: number;
  /** Bytes of B from one k to the next. */
  readonly stepB: number;
  readonly begin?: readonly string[];
  /** A statement that loads elements of A, if one is needed, and an expression for one element in all four lanes. */
  readonly element: (row: number, step: number) => { readonly load?: string; readonly value: string };
  /** Statements after `count` steps, and after each one. */
  readonly advance?: (count: number) => readonly string[];
  readonly advanceEach?: string;
}

/** A's rows are `stride` bytes apart. */
const byRows: Pick<Variant, "stride" | "unroll" | "begin" | "element" | "advance"> = {
  stride: "stride",
  unroll: 4,
  begin: rows.map((row) => `let a${row} = a${row === 0 ? "" : ` + <usize> min(${row}, mr - 1) * stride`};`),
  element: (row, step) => ({ value: `v128.load32_splat(a${row}, ${4 * step})` }),
  advance: (count) => rows.map((row) => `a${row} += ${4 * count};`),
};

const variants: readonly Variant[] = [
  {
    name: "multiplyPacked",
    comment: "A is packed, six elements per k; B is half of a packed panel.",
    unroll: 2,
    stepB: B_STEP_BYTES,
    element: (row, step) => ({
      ...(row % 4 === 0 ? { load: `y = v128.load(a, ${A_STEP_BYTES * step + 4 * row});` } : {}),
      value: `v128.shuffle<f32>(y, y, ${Array(4).fill(row % 4).join(", ")})`,
    }),
    advance: (count) => [`a += ${A_STEP_BYTES * count};`],
  },
  {
    name: "multiplyRows",
    comment:
      "A's rows are `stride` bytes apart; rows past the last of `mr` repeat it. B is packed, eight columns per k.",
    ...byRows,
    stepB: 4 * TILE_COLUMNS,
  },
  {
    name: "multiplyPanel",
    comment: "The same with B as eight columns of a panel of packed weights, unpacked.",
    ...byRows,
    stepB: 4 * PACKED_LANES,
  },
  {
    name: "multiplyColumns",
    comment: "A is stored transposed: six contiguous elements per k, `stride` bytes from one k to the next.",
    stride: "stride",
    unroll: 4,
    stepB: 4 * TILE_COLUMNS,
    element: (row) => ({ value: `v128.load32_splat(a, ${4 * row})` }),
    advanceEach: "a += stride;",
  },
];

/** The source of all variants, and of the copy at the edge of C. */
export function generateTiles(): string {
  return [
    `import { TILE_COLUMNS, TILE_ROWS } from "./layout";`,
    `import { madd } from "../math";`,
    `import { scratch } from "../thread";`,
    "",
    "// Each computes C = A·B, or C + A·B with `add`, over `kc` steps, for `mr` rows and `nr` columns.",
    ...variants.flatMap((variant) => ["", ...generateVariant(variant)]),
    "",
    "function copyTile(tile: usize, c: usize, ldc: usize, mr: i32, nr: i32, add: bool): void {",
    "  for (let i = 0; i < mr; i++) {",
    "    for (let j = 0; j < nr; j++) {",
    "      const at = c + <usize> i * ldc + (<usize> j << 2);",
    "      const value = load<f32>(tile + (<usize> (i * TILE_COLUMNS + j) << 2));",
    "      store<f32>(at, add ? load<f32>(at) + value : value);",
    "    }",
    "  }",
    "}",
    "",
  ].join("\n");
}

function generateVariant({ name, comment, stride, unroll, stepB, begin = [], element, advance, advanceEach }: Variant) {
  const steps = (count: number): string[] => [
    ...Array.from({ length: count }, (_, step) => [
      ...vectors.map((vector) => `b${vector} = v128.load(b, ${stepB * step + 16 * vector});`),
      ...rows.flatMap((row) => {
        const { load, value } = element(row, step);
        return [
          ...(load === undefined ? [] : [load]),
          `x = ${value};`,
          ...vectors.map((vector) => `c${row}${vector} = madd(x, b${vector}, c${row}${vector});`),
        ];
      }),
      ...(advanceEach === undefined ? [] : [advanceEach]),
    ]).flat(),
    ...(advance?.(count) ?? []),
    `b += ${stepB * count};`,
  ];
  const place = (base: string, ld: string, row: number) => row === 0 ? base : `${base} + ${row} * ${ld}`;
  const parameters = ["kc: i32", "a: usize", ...(stride === undefined ? [] : [`${stride}: usize`]), "b: usize"];
  return [
    `/** ${comment} */`,
    `export function ${name}(${parameters.join(", ")}, c: usize, ldc: usize, mr: i32, nr: i32, add: bool): void {`,
    ...[
      ...begin,
      ...sums.map(({ name }) => `let ${name} = f32x4.splat(0);`),
      "let b0: v128, b1: v128, y: v128, x: v128;",
      "let k = kc;",
      `for (; k >= ${unroll}; k -= ${unroll}) {`,
      ...steps(unroll).map((line) => `  ${line}`),
      "}",
      unroll === 2 ? "if (k > 0) {" : "for (; k > 0; k--) {",
      ...steps(1).map((line) => `  ${line}`),
      "}",
      "const whole = mr == TILE_ROWS && nr == TILE_COLUMNS;",
      "const to = whole ? c : scratch();",
      "const ld = whole ? ldc : <usize> (TILE_COLUMNS << 2);",
      "if (whole && add) {",
      ...sums.map(({ row, vector, name }) =>
        `  ${name} = f32x4.add(${name}, v128.load(${place("c", "ldc", row)}, ${16 * vector}));`
      ),
      "}",
      ...sums.map(({ row, vector, name }) => `v128.store(${place("to", "ld", row)}, ${name}, ${16 * vector});`),
      "if (!whole) copyTile(to, c, ldc, mr, nr, add);",
    ].map((line) => `  ${line}`),
    "}",
  ];
}
