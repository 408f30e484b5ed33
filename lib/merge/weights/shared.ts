// Finds tensors that are one matrix under two names, such as a head tied to the embeddings, so that they merge as one.
import { EMBEDDINGS, HEAD } from "../inputs/names.ts";
import { bitsOf } from "./ranks.ts";
import { sizeOf } from "./source.ts";

/** The weights of a model, in memory or in files. */
export interface NamedTensors {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Values `begin` to `end` (exclusive) of a tensor, for reading only. */
  read(name: string, begin: number, end: number): Float32Array;
}

/** Leading elements that must be equal before whole tensors are compared. */
const FIRST = 64;
/** Elements compared at a time. */
const PIECE = 1 << 20;

/**
 * Maps the names of tensors that are equal in every model to one name per group. Other names are not in the map.
 *
 * @param models all with `names` in the same shapes
 */
export function sharedTensors(names: Iterable<string>, models: readonly NamedTensors[]): ReadonlyMap<string, string> {
  const alike = new Map<string, string[][]>();
  for (const name of names) {
    const shape = models[0]!.shapes.get(name)!;
    const size = sizeOf(shape);
    const start = models.map((model) => model.read(name, 0, Math.min(FIRST, size)).join());
    const key = JSON.stringify([shape, start]);
    const groups = alike.get(key) ?? [];
    const group = groups.find(([other]) => models.every((model) => isSame(model, name, other!)));
    if (group === undefined) alike.set(key, [...groups, [name]]);
    else group.push(name);
  }
  const shared = new Map<string, string>();
  for (const group of [...alike.values()].flat()) {
    if (group.length === 1) continue;
    // Prefer the name that models without the copy have, too.
    const representative = group.find((name) => !HEAD.test(name)) ?? group[0]!;
    for (const name of group) shared.set(name, representative);
  }
  return shared;
}

/** The output head and the embeddings of its shape, if the model stores both. */
export function storedHead(
  { shapes }: Pick<NamedTensors, "shapes">,
): { readonly head: string; readonly embeddings: string } | undefined {
  const head = shapes.keys().find((name) => HEAD.test(name));
  if (head === undefined) return undefined;
  const embeddings = shapes.keys().find((name) =>
    EMBEDDINGS.test(name) && String(shapes.get(name)) === String(shapes.get(head))
  );
  return embeddings === undefined ? undefined : { head, embeddings };
}

/** Whether two tensors of a model have equal shapes and bits. */
export function isSame({ shapes, read }: NamedTensors, a: string, b: string): boolean {
  if (String(shapes.get(a)) !== String(shapes.get(b))) return false;
  const size = sizeOf(shapes.get(a)!);
  for (let begin = 0; begin < size; begin += PIECE) {
    const end = Math.min(size, begin + PIECE);
    const x = bitsOf(read(a, begin, end));
    const y = bitsOf(read(b, begin, end));
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  }
  return true;
}
