// The tokens that open a text.
import type { TokenizerJson } from "../data/mod.ts";

/**
 * Ids that a `tokenizer.json` puts before every text: those of the special tokens that its `TemplateProcessing` begins with.
 */
export function openingIds(json: TokenizerJson): number[] {
  const template = flat(json["post_processor"]).find((one) => one.type === "TemplateProcessing");
  const parts = template?.single ?? [];
  const sequence = parts.findIndex((part) => part.SpecialToken === undefined);
  return parts.slice(0, sequence < 0 ? parts.length : sequence).flatMap(({ SpecialToken }) =>
    template?.special_tokens?.[SpecialToken!.id]?.ids ?? []
  );
}

interface Processor {
  readonly type?: string;
  readonly single?: readonly { readonly SpecialToken?: { readonly id: string } }[];
  readonly special_tokens?: Readonly<Record<string, { readonly ids: readonly number[] }>>;
  readonly processors?: readonly unknown[];
}

/** A post-processor, or those that it is a sequence of. */
function flat(value: unknown): Processor[] {
  const processor = value as Processor | null | undefined;
  if (processor === null || processor === undefined) return [];
  return processor.type === "Sequence" ? (processor.processors ?? []).flatMap(flat) : [processor];
}
