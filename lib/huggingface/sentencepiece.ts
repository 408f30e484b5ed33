// Reads `tokenizer.model`, SentencePiece's protocol buffer.
// Fields: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
import { addedTokenJson, sentencePieceJson, type TokenizerJson } from "../data/mod.ts";
import { UserError } from "../errors.ts";

/** Values of `SentencePiece.type`. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

const BPE = 2;
const MODEL_TYPES: Readonly<Record<number, string>> = { 1: "Unigram", 3: "words", 4: "characters" };

/**
 * The tokenizer in a `tokenizer.model` of SentencePiece BPE.
 *
 * @param path for error messages
 * @throws UserError `tokenizer.sentencepiece` when the file is damaged, or has what we do not do exactly
 */
export function readSentencePiece(path: string, bytes: Uint8Array): TokenizerJson {
  const fault = (what: string) =>
    new UserError(
      "tokenizer.sentencepiece",
      `Cannot use "${path}": ${what}`,
      "save the model's fast tokenizer as tokenizer.json, with save_pretrained() of Python's transformers",
    );
  const file = parse(bytes);
  const trainer = parse(bytesOf(file?.get(2)?.at(-1)));
  const normalizer = parse(bytesOf(file?.get(3)?.at(-1)));
  const pieces = file?.get(1)?.map((value) => parse(bytesOf(value))).map((fields) => ({
    piece: textOf(fields?.get(1)?.at(-1)),
    score: floatOf(fields?.get(2)?.at(-1)),
    type: numberOf(fields?.get(3)?.at(-1)) ?? NORMAL,
  }));
  if (trainer === undefined || normalizer === undefined || pieces === undefined) {
    const start = new TextDecoder().decode(bytes.subarray(0, 64));
    const tiktoken = /^[A-Za-z0-9+/]+=* \d+\n/.test(start);
    throw fault(tiktoken ? "it is a tiktoken file, not SentencePiece's" : "it is no SentencePiece model, or damaged");
  }
  const wrong = pieces.findIndex(({ piece }) => piece === undefined || piece === "");
  if (wrong >= 0 || pieces.length === 0) throw fault(`it is damaged: piece ${Math.max(0, wrong)} has no text`);
  const type = numberOf(trainer.get(3)?.at(-1)) ?? 1;
  if (type !== BPE) throw fault(`its model type is ${MODEL_TYPES[type] ?? type}, and only BPE is read`);
  const flag = (fields: Fields, field: number, byDefault: boolean) =>
    (numberOf(fields.get(field)?.at(-1)) ?? Number(byDefault)) !== 0;
  if ((bytesOf(normalizer.get(2)?.at(-1))?.length ?? 0) > 0) {
    throw fault(
      `it normalizes text by "${textOf(normalizer.get(1)?.at(-1)) ?? ""}", and only the identity is known here`,
    );
  }
  if (flag(normalizer, 4, true)) throw fault("it removes extra spaces from a text (remove_extra_whitespaces)");
  if (!flag(normalizer, 5, true)) throw fault("it does not escape spaces (escape_whitespaces)");
  if (flag(trainer, 24, false)) throw fault("its pieces end with spaces (treat_whitespace_as_suffix)");
  const known = pieces as readonly { readonly piece: string; readonly score: number; readonly type: number }[];
  return sentencePieceJson({
    addedTokens: known.flatMap(({ piece, type }, id) =>
      [UNKNOWN, CONTROL, USER_DEFINED].includes(type)
        ? [addedTokenJson({ id, content: piece }, type !== USER_DEFINED)]
        : []
    ),
    addsSpace: flag(normalizer, 3, true),
    postProcessor: null,
    pieces: known,
    unknown: textOf(trainer.get(45)?.at(-1)) ?? "<unk>",
    byteFallback: flag(trainer, 35, false),
  });
}

/** A value by its wire type: a varint, or bytes (fixed numbers have four or eight). */
type Value = number | Uint8Array;
type Fields = ReadonlyMap<number, readonly Value[]>;

/** The fields of a message; undefined if it is none. */
function parse(bytes: Uint8Array | undefined): Fields | undefined {
  if (bytes === undefined) return undefined;
  const fields = new Map<number, Value[]>();
  let at = 0;
  /** NaN beyond the end; inexact beyond 2^53, as negative numbers are written. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length && scale <= 2 ** 63; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    let value: Value;
    if (wire === 0) value = varint();
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint() : NaN;
      if (!(length <= bytes.length - at)) return undefined;
      value = bytes.subarray(at, at += length);
    }
    if (Number.isNaN(value) || !(field > 0)) return undefined;
    const others = fields.get(field);
    if (others === undefined) fields.set(field, [value]);
    else others.push(value);
  }
  return fields;
}

const bytesOf = (value: Value | undefined) => typeof value === "object" ? value : undefined;
const numberOf = (value: Value | undefined) => typeof value === "number" ? value : undefined;

/** Undefined if it is not UTF-8. */
function textOf(value: Value | undefined): string | undefined {
  try {
    return typeof value === "object"
      ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value)
      : undefined;
  } catch {
    return undefined;
  }
}

function floatOf(value: Value | undefined): number {
  if (typeof value !== "object" || value.length !== 4) return 0;
  return new DataView(value.buffer, value.byteOffset, 4).getFloat32(0, true);
}
