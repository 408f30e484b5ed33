// The part of csv-parse/sync that the tests use.
/** The rows of a CSV text by the names in its first line. */
export function parse(text: string, options: { readonly columns: true }): Readonly<Record<string, string>>[];
