// Tensors that are one matrix under two names, such as a head that is tied to the embeddings: they are merged once.
import { bitsOf } from "./ranks.ts";
import { sizeOf } from "./source.ts";

/** The weights of a model, wherever they lie. */
export interface NamedTensors {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Values `begin` to `end` (exclusive) of a tensor, for reading only. */
  read(name: string, begin: number, end: number): Float32Array;
}

/** Names of heads, which are copies of the embeddings in tied models. */
const HEAD = /(^|\.)(lm_head|embed_out)\.weight$/;
const EMBEDDINGS = /(^|\.)(embed_tokens|embed_in|wte|word_embeddings|tok_embeddings|shared)\.weight$/;

/** Elements that are compared before whole tensors are, and at once. */
const FIRST = 64;
const AT_ONCE = 1 << 20;

/**
 * Which tensors are one matrix in every model: by each name of `names` that is shared, the name that stands for all.
 *
 * @param models with all of `names`, in the same shapes
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
    // Models without the copy have this name, too.
    const standing = group.find((name) => !HEAD.test(name)) ?? group[0]!;
    for (const name of group) shared.set(name, standing);
  }
  return shared;
}

/** The head and the embeddings that it could be tied to, if the model stores both. */
export function storedHead(
  { shapes }: NamedTensors,
): { readonly head: string; readonly embeddings: string } | undefined {
  const head = shapes.keys().find((name) => HEAD.test(name));
  if (head === undefined) return undefined;
  const embeddings = shapes.keys().find((name) =>
    EMBEDDINGS.test(name) && String(shapes.get(name)) === String(shapes.get(head))
  );
  return embeddings === undefined ? undefined : { head, embeddings };
}

/** Whether two tensors of a model are equal in shape and in every bit. */
export function isSame({ shapes, read }: NamedTensors, a: string, b: string): boolean {
  if (String(shapes.get(a)) !== String(shapes.get(b))) return false;
  const size = sizeOf(shapes.get(a)!);
  for (let begin = 0; begin < size; begin += AT_ONCE) {
    const end = Math.min(size, begin + AT_ONCE);
    const x = bitsOf(read(a, begin, end));
    const y = bitsOf(read(b, begin, end));
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  }
  return true;
}
