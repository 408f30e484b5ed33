// Records in memory: named fields with the offsets that C gives the members of a struct. AssemblyScript lays out
// unmanaged classes the same way.

/** Bytes of each type; a `usize` is an address or a number of bytes in the shared memory. */
const NUMBER_BYTES = { i32: 4, u32: 4, f32: 4, usize: 4, i64: 8, u64: 8 } as const;

export type NumberType = keyof typeof NUMBER_BYTES;

/** A number, an array of fixed length, or, as the last field only, a list of addresses of any length. */
export type FieldType = NumberType | `${NumberType}[${number}]` | "usize[]";

export type Fields = Readonly<Record<string, FieldType>>;

type All<Names extends readonly string[], Type> = { readonly [Name in Names[number]]: Type };

/** Fields of one type. */
export function all<const Names extends readonly string[], const Type>(type: Type, names: Names): All<Names, Type> {
  return Object.fromEntries(names.map((name) => [name, type])) as All<Names, Type>;
}

/** Values for a record's fields, by name. */
export type Values<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends "usize[]" ? readonly number[] : number;
};

export interface Field {
  readonly name: string;
  readonly type: NumberType;
  /** Number of elements: 1 for a number, undefined for a list of any length. */
  readonly length: number | undefined;
  /** Bytes from the start of the record. */
  readonly offset: number;
}

export interface RecordLayout<F extends Fields = Fields> {
  readonly fields: readonly Field[];
  /** Offset of each field in bytes. */
  readonly offsets: { readonly [Name in keyof F]: number };
  /** Size in bytes, without a trailing list. */
  readonly bytes: number;
  /** For type inference only. */
  readonly types?: F;
}

/** Lays out a record: each field is aligned to the size of its type. */
export function record<const F extends Fields>(types: F): RecordLayout<F> {
  const fields: Field[] = [];
  let [offset, widest] = [0, 4];
  for (const [name, text] of Object.entries(types)) {
    const [, type, array, length] = /^(\w+)(\[(\d*)\])?$/.exec(text)! as unknown as [
      string,
      NumberType,
      string?,
      string?,
    ];
    const bytes = NUMBER_BYTES[type];
    const count = array === undefined ? 1 : length === "" ? undefined : Number(length);
    offset = Math.ceil(offset / bytes) * bytes;
    fields.push({ name, type, length: count, offset });
    offset += bytes * (count ?? 0);
    widest = Math.max(widest, bytes);
  }
  const offsets = Object.fromEntries(fields.map(({ name, offset }) => [name, offset]));
  return { fields, offsets: offsets as RecordLayout<F>["offsets"], bytes: Math.ceil(offset / widest) * widest };
}

const floatBits = new Float32Array(1);
const intBits = new Int32Array(floatBits.buffer);

function bitsOf(type: NumberType, value: number): number {
  if (type !== "f32") return value;
  floatBits[0] = value;
  return intBits[0]!;
}

// The following functions run for every job and task, mostly with cold caches. Hence no iterators over fields, and no
// shared function that writes to both kinds of arrays.

/**
 * Writes a record of 32-bit numbers.
 *
 * @returns the number of words written
 */
export function writeRecord<F extends Fields>(
  { fields }: RecordLayout<F>,
  values: Values<F>,
  words: Int32Array,
): number {
  let at = 0;
  for (let i = 0; i < fields.length; i++) {
    const { name, type, length } = fields[i]!;
    const value = values[name]!;
    if (length !== undefined) words[at++] = bitsOf(type, value as number);
    else for (const address of value as readonly number[]) words[at++] = address;
  }
  return at;
}

/** A table of records, one for each task of a job. */
export interface Table<F extends Fields> {
  /** The records as 32-bit words. */
  readonly words: readonly number[];
  /** Number of records. */
  length: number;
  add(values: Values<F>): void;
}

/** A table of records with this layout. */
export type TableOf<Layout> = Layout extends RecordLayout<infer F> ? Table<F> : never;

export function createTable<F extends Fields>({ fields }: RecordLayout<F>): Table<F> {
  const words: number[] = [];
  return {
    words,
    length: 0,
    add(values) {
      this.length++;
      for (let i = 0; i < fields.length; i++) {
        const { name, type } = fields[i]!;
        words.push(bitsOf(type, values[name] as number));
      }
    },
  };
}

/**
 * Arranges named parts in one block of memory, each on its own cache lines: offsets of the parts, and the total size.
 */
export function arrange<Name extends string>(
  parts: { readonly [N in Name]: number },
): { readonly places: { readonly [N in Name]: number }; readonly bytes: number } {
  let bytes = 0;
  const places: Record<string, number> = {};
  for (const [name, size] of Object.entries<number>(parts)) {
    places[name] = bytes;
    bytes += Math.ceil(size / 64) * 64;
  }
  return { places: places as { readonly [N in Name]: number }, bytes };
}
