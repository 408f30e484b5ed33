// WGSL programs: their text, built from what they bind, and the uniforms of each launch.
import { type Features, NO_FEATURES } from "./features.ts";

/** A program. It binds, in this order, the buffers that it reads, those that it writes, and its uniforms. */
export interface Program {
  /** Identifies the text: programs with equal keys share a pipeline. Sizes of tensors are uniforms, not part of it. */
  readonly key: string;
  readonly reads: number;
  readonly writes: number;
  readonly text: (features: Features) => string;
}

/** The parts of a program's text. */
export interface ProgramParts {
  /** Names of the storage buffers that it reads, with their elements' WGSL types. */
  readonly reads: Readonly<Record<string, string>>;
  /** The same for those that it writes. */
  readonly writes: Readonly<Record<string, string>>;
  /** Names of the uniforms, with their types: `u32`, `i32` or `f32`. */
  readonly uniforms: Readonly<Record<string, string>>;
  /** Invocations per workgroup. */
  readonly size: number;
  /** Module-level declarations: functions, workgroup variables. */
  readonly declarations?: string;
  /**
   * Body of the entry point: `group` is the workgroup's index and `lane` the invocation's index in it. If the device has
   * subgroups, `subgroupSize` is the size of the invocation's subgroup, here and in declarations.
   */
  readonly main: string;
}

/** The numbers from 0 on, for text that is repeated. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const programs = new Map<string, Program>();

/**
 * The program with this key. Its parts may depend on a device's features. Workgroups are numbered through all dimensions
 * of the grid, since one dimension may be too short; those past `uniforms.groups` return at once.
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

/** The uniforms as the program reads them; signed and unsigned integers alike. */
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
 * A grid of at least `groups` workgroups with no side longer than `limit`; undefined if there are too many.
 */
export function gridOf(groups: number, limit: number): readonly [number, number, number] | undefined {
  if (groups <= limit) return [groups, 1, 1];
  const y = Math.ceil(groups / limit);
  if (y <= limit) return [Math.ceil(groups / y), y, 1];
  const z = Math.ceil(y / limit);
  const rows = Math.ceil(y / z);
  return z <= limit ? [Math.ceil(groups / (rows * z)), rows, z] : undefined;
}

/** How many numbers are processed at a time, four or one, and their WGSL type. */
export interface Lanes {
  readonly width: 1 | 4;
  readonly type: "f32" | "vec4<f32>";
}

export function lanesFor(...lengths: readonly number[]): Lanes {
  return lengths.every((n) => n % 4 === 0) ? { width: 4, type: "vec4<f32>" } : { width: 1, type: "f32" };
}
