// The program inside the sandbox's process: loads a generated module, calls its entry point with one input after
// another, and writes each returned value as a line. It is started from its text alone, so it imports nothing.

// What it uses is taken before the generated program can replace it. A program that finds a way to write such lines
// itself gains nothing: it still has to know the value that is expected, and only the parent knows that.
const { parse, stringify } = JSON;
const { is, keys, fromEntries, defineProperty } = Object;
const { isArray, from } = Array;
const { isView } = ArrayBuffer;
const { exit } = Deno;
const read = Deno.stdin.read.bind(Deno.stdin);
const writeSync = Deno.stdout.writeSync.bind(Deno.stdout);
const toBytes = TextEncoder.prototype.encode.bind(new TextEncoder());
const toText = TextDecoder.prototype.decode.bind(new TextDecoder());
const [OwnMap, OwnSet, OwnDate, OwnBigInt, OwnDataView] = [Map, Set, Date, BigInt, DataView];
const TYPED_ARRAYS: Record<string, new (values: unknown[]) => unknown> = fromEntries(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    // deno-lint-ignore no-explicit-any
  ].map((type) => [type.name, type as any]),
);

/** The object that stands for a value that JSON lacks: `$` says what it is. */
type Tagged = { readonly $: string; readonly value?: unknown };

/** A value as JSON: see `Encoded`. */
function encode(value: unknown, above: unknown[] = []): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return value - value === 0 && !is(value, -0) ? value : { $: "number", value: is(value, -0) ? "-0" : `${value}` };
    case "bigint":
      return { $: "bigint", value: `${value}` };
    case "undefined":
      return { $: "undefined" };
    case "function":
    case "symbol":
      return { $: typeof value };
  }
  if (value === null) return null;
  for (let i = above.length - 1; i >= 0; i--) if (above[i] === value) return { $: "cycle", value: above.length - i };
  above.push(value);
  const inner = (part: unknown) => encode(part, above);
  const encoded = isArray(value)
    ? from(value, inner)
    : value instanceof OwnMap
    ? { $: "map", value: from(value, ([key, part]) => [inner(key), inner(part)]) }
    : value instanceof OwnSet
    ? { $: "set", value: from(value, inner) }
    : value instanceof OwnDate
    ? { $: "date", value: inner(value.getTime()) }
    : isView(value) && !(value instanceof OwnDataView)
    ? { $: "array", value: [value.constructor.name, from(value as unknown as ArrayLike<unknown>, inner)] }
    : encodeObject(value as Record<string, unknown>, inner);
  above.pop();
  return encoded;
}

function encodeObject(value: Record<string, unknown>, inner: (part: unknown) => unknown): unknown {
  const entries = keys(value).map((key) => [key, inner(value[key])] as const);
  return entries.some(([key]) => key === "$") ? { $: "object", value: entries } : fromEntries(entries);
}

/** The value that `encode` made `encoded` of. */
function decode(encoded: unknown): unknown {
  if (typeof encoded !== "object" || encoded === null) return encoded;
  if (isArray(encoded)) return encoded.map(decode);
  if (!("$" in encoded)) return decodeObject(keys(encoded).map((key) => [key, encoded[key as never]]));
  const { $, value } = encoded as Tagged;
  switch ($) {
    case "number":
      return +(value as string);
    case "bigint":
      return OwnBigInt(value as string);
    case "map":
      return new OwnMap((value as [unknown, unknown][]).map(([key, part]) => [decode(key), decode(part)]));
    case "set":
      return new OwnSet((value as unknown[]).map(decode));
    case "date":
      return new OwnDate(decode(value) as number);
    case "array": {
      const [name, values] = value as [string, unknown[]];
      return new TYPED_ARRAYS[name]!(values.map(decode));
    }
    case "object":
      return decodeObject(value as [string, unknown][]);
    default:
      return undefined;
  }
}

function decodeObject(entries: readonly (readonly [string, unknown])[]): unknown {
  const object = {};
  for (const [key, part] of entries) {
    defineProperty(object, key, { value: decode(part), configurable: true, enumerable: true, writable: true });
  }
  return object;
}

let buffered = "";
const chunk = new Uint8Array(1 << 16);

/** The next line of standard input. Ends the process where there is none: the parent is gone. */
async function nextLine(): Promise<string> {
  for (let searched = 0;;) {
    const end = buffered.indexOf("\n", searched);
    if (end >= 0) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 1);
      return line;
    }
    searched = buffered.length;
    const count = await read(chunk);
    if (count === null) return exit(0);
    buffered += toText(chunk.subarray(0, count), { stream: true });
  }
}

/** The name and message of what was thrown. */
function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2000) : `${error}`.slice(0, 2000);
  } catch {
    return "something that has no text";
  }
}

const { nonce, module } = parse(await nextLine()) as { nonce: string; module: string };

/** Writes a line that the parent tells from what the program prints by the nonce. */
function reply(message: unknown): void {
  // The program may have printed half a line.
  let bytes = toBytes(`\n${nonce} ${stringify(message)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(bytes));
}

reply({ kind: "started" });
// Reading goes on while the program computes, so that the process ends with its parent.
let line = nextLine();
let entry: unknown;
try {
  ({ entry } = await import(module));
  reply({ kind: typeof entry === "function" ? "loaded" : "no-function" });
} catch (error) {
  reply({ kind: "load-error", text: describe(error) });
}
for (;;) {
  const text = await line;
  line = nextLine();
  let message: unknown;
  try {
    const value = await (entry as (...args: unknown[]) => unknown)(...(parse(text) as unknown[]).map(decode));
    message = { kind: "returned", value: encode(value) };
  } catch (error) {
    message = { kind: "threw", text: describe(error) };
  }
  reply(message);
}
export {};
