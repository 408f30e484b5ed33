// A WGSL program: its text, put together from what it binds, and the numbers it is given at each launch.
import { type Features, NO_FEATURES } from "./features.ts";

/** What a program computes and what it binds, in this order: what it reads, what it writes, its uniforms. */
export interface Program {
  /** Names the text: two programs with one key are one pipeline. Sizes of tensors are uniforms, and not in it. */
  readonly key: string;
  readonly reads: number;
  readonly writes: number;
  readonly text: (features: Features) => string;
}

/** The parts of a program's text. */
export interface ProgramParts {
  /** Names of the storage buffers that are read, with their elements' WGSL types. */
  readonly reads: Readonly<Record<string, string>>;
  /** The same of those that are written. */
  readonly writes: Readonly<Record<string, string>>;
  /** Names of the uniforms with their types: `u32`, `i32` or `f32`. */
  readonly uniforms: Readonly<Record<string, string>>;
  /** Invocations in a workgroup. */
  readonly size: number;
  /** Module-level declarations: functions, workgroup variables. */
  readonly declarations?: string;
  /**
   * Body of the entry point; `group` is the workgroup's number and `lane` the invocation's in it. Where the features have
   * subgroups, `subgroupSize` is the size of the invocation's own, here and in declarations.
   */
  readonly main: string;
}

const programs = new Map<string, Program>();

/**
 * The program of this key; its parts are put together from a device's features when that first builds it. Workgroups are
 * numbered through all dimensions of the grid, since a grid may need more than one; `uniforms.groups` is how many are
 * wanted, and those beyond return at once.
 */
export function program(key: string, parts: (features: Features) => ProgramParts): Program {
  const found = programs.get(key);
  if (found !== undefined) return found;
  const { reads, writes } = parts(NO_FEATURES);
  const counts = { reads: Object.keys(reads).length, writes: Object.keys(writes).length };
  const program = { key, ...counts, text: (features: Features) => textOf(parts(features), features) };
  programs.set(key, program);
  return program;
}

function textOf(
  { reads, writes, uniforms, size, declarations = "", main }: ProgramParts,
  { subgroups }: Features,
): string {
  let binding = 0;
  const storage = (access: string, buffers: Readonly<Record<string, string>>) =>
    Object.entries(buffers).map(([name, type]) =>
      `@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<${type}>;`
    ).join("\n");
  const fields = Object.entries({ groups: "u32", ...uniforms }).map(([name, type]) => `  ${name}: ${type},`).join("\n");
  const usesSubgroups = /\bsubgroup/.test(declarations + main);
  const enabled = [
    ...(/\bf16\b/.test(declarations) ? ["f16"] : []),
    ...(usesSubgroups && subgroups?.enable ? ["subgroups"] : []),
  ];
  return `${enabled.map((name) => `enable ${name};\n`).join("")}
struct Uniforms {
${fields}
}
${storage("read", reads)}
${storage("read_write", writes)}
@group(0) @binding(${binding}) var<uniform> uniforms: Uniforms;
${usesSubgroups ? "var<private> subgroupSize: u32;" : ""}
${declarations}
@compute @workgroup_size(${size})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,${usesSubgroups ? "\n  @builtin(subgroup_size) ownSubgroupSize: u32," : ""}
) {${usesSubgroups ? "\n  subgroupSize = ownSubgroupSize;" : ""}
  let group = workgroup.x + grid.x * (workgroup.y + grid.y * workgroup.z);
  if (group >= uniforms.groups) { return; }
${main}
}
`;
}

/** A uniform that the program reads as a float; plain numbers are integers. */
export interface Float {
  readonly float: number;
}

export function float(value: number): Float {
  return { float: value };
}

/** A uniform's value. */
export type Scalar = number | Float;

/** The uniforms' words as the program reads them; signed and unsigned integers alike. */
export function uniformWords(values: readonly Scalar[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(values.length / 4) * 4);
  const floats = new Float32Array(words.buffer);
  values.forEach((value, i) => {
    if (typeof value === "number") words[i] = value;
    else floats[i] = value.float;
  });
  return words;
}

/**
 * The grid of at least `groups` workgroups, none of its sides longer than `limit`; undefined if they are too many.
 */
export function gridOf(groups: number, limit: number): readonly [number, number, number] | undefined {
  if (groups <= limit) return [groups, 1, 1];
  const y = Math.ceil(groups / limit);
  if (y <= limit) return [Math.ceil(groups / y), y, 1];
  const z = Math.ceil(y / limit);
  const rows = Math.ceil(y / z);
  return z <= limit ? [Math.ceil(groups / (rows * z)), rows, z] : undefined;
}

/** Four numbers at a time where the length allows, one otherwise: how many, and the WGSL type. */
export interface Lanes {
  readonly width: 1 | 4;
  readonly type: "f32" | "vec4<f32>";
}

export function lanesFor(...lengths: readonly number[]): Lanes {
  return lengths.every((n) => n % 4 === 0) ? { width: 4, type: "vec4<f32>" } : { width: 1, type: "f32" };
}
