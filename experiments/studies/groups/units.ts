// Units of text: runs of documents that stay together when text is divided into groups.
import type { Document } from "../../../lib/data/mod.ts";

/** Characters of a unit, at least, if there are as many: about those of a piece that long built-in texts are cut into. */
const UNIT = 4000;

/** A run of documents of one domain. */
export interface Unit {
  readonly domain: string;
  /** Index of the first document, and how many there are. */
  readonly from: number;
  readonly documents: number;
  /** Their texts. */
  readonly text: string;
}

/**
 * Documents in units of about equal size, in their order. So groups of equally many units have about equal text, although
 * some domains have documents of two lines and others of two pages.
 */
export function unitsOf(domain: string, documents: Iterable<Pick<Document, "text">>, characters = UNIT): Unit[] {
  const units: Unit[] = [];
  let texts: string[] = [], length = 0, from = 0;
  const end = () => {
    if (texts.length === 0) return;
    units.push({ domain, from, documents: texts.length, text: texts.join("\n") });
    from += texts.length;
    [texts, length] = [[], 0];
  };
  for (const { text } of documents) {
    if (length + text.length > 1.5 * characters) end();
    texts.push(text);
    length += text.length;
    if (length >= characters) end();
  }
  end();
  return units;
}
