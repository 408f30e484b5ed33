// The documents of the user's files for clustering: texts, and conversations as the records that they were read from.
import { type ChatRenderer, type Document, type FileDocument, fileTexts, type Message } from "../data/mod.ts";
import { UserError } from "../errors.ts";

/** Which documents. */
export interface Source {
  /** Paths, globs and folders; of a folder, every file in it. */
  readonly files: readonly string[];
  /** Field of a record that holds the text. */
  readonly textField: string;
  /** Leaves out records and files that cannot be read. */
  readonly skipBad: boolean;
}

/**
 * The documents of some files.
 *
 * @param onSkip called for each record or file that is left out because it cannot be read
 * @throws UserError for whatever cannot be read, in terms of the command's options
 */
export async function* sourceDocuments(
  { files, textField, skipBad }: Source,
  onSkip: () => void = () => {},
): AsyncGenerator<FileDocument> {
  const options = { textField, skipBad, chat: AS_RECORD };
  try {
    for (const file of files) {
      yield* fileTexts(isFolder(file) ? everyFile(file) : file, "The argument", options, onSkip);
    }
  } catch (error) {
    throw error instanceof UserError ? inOptions(error) : error;
  }
}

/** The text that a document's features are computed from. */
export function plainText({ text, chat }: Document): string {
  if (chat === undefined) return text;
  const { messages } = JSON.parse(text) as Conversation;
  return messages.flatMap(({ content }) => content ?? []).join("\n");
}

/** A document as a line of a file that the data room reads as the same document. */
export function documentLine({ id, text, chat }: Document): string {
  return JSON.stringify(chat === undefined ? { id, text } : { id, ...JSON.parse(text) as Conversation }) + "\n";
}

interface Conversation {
  readonly messages: readonly Message[];
  readonly tools?: readonly unknown[];
}

/** Keeps conversations as JSON: their text is up to the chat template of the model that will be trained. */
const AS_RECORD: ChatRenderer = {
  text: (messages, tools) => JSON.stringify({ messages, ...(tools === undefined ? {} : { tools }) }),
  answers(messages, tools) {
    const text = AS_RECORD.text(messages, tools);
    return { text, answers: messages.some(({ role }) => role === "assistant") ? [[0, text.length]] : [] };
  },
};

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // reading it says what is wrong
  }
}

const everyFile = (folder: string) => `${folder.replace(/(?<!^)\/+$/, "")}/**/*`;

/** Errors of the data room speak of settings, which are options here. */
function inOptions({ code, message, hint }: UserError): UserError {
  const told = (text: string) =>
    text.replace(/data\.textField(=)?/g, (_, equals) => `--text-field${equals === undefined ? "" : " "}`)
      .replaceAll("data.skipBad=true", "--skip-bad")
      .replace(/,? or train on all words with data\.loss=all/, "");
  return new UserError(code, told(message), hint === undefined ? undefined : told(hint));
}
