// `/save` of `deno task chat`: conversations in a file, one a line, as training reads them.
import { absent, attempt, systemReason, UserError } from "../errors.ts";

/**
 * Writes a line behind those of a file of conversations, which is created if there is none.
 *
 * @param line a JSON object with `messages`, and its line end
 * @param earlier the line that it takes the place of, if the file still ends with it: the same conversation, when it was
 *   shorter
 * @throws UserError `chat.save` if the file has something else in it, and if it cannot be read or written
 */
export async function saveConversation(path: string, line: string, earlier?: string): Promise<void> {
  try {
    const before = await Deno.readTextFile(path).catch(absent) ?? "";
    const wrong = before.split("\n").findIndex((text) => text.trim() !== "" && !isConversation(text));
    if (wrong >= 0) {
      throw new UserError(
        "chat.save",
        `Cannot add to ${path}: line ${wrong + 1} is not a conversation, a JSON object with messages`,
        "give another name",
      );
    }
    if (earlier !== undefined && before.endsWith(earlier)) {
      const { size } = await Deno.stat(path);
      await Deno.truncate(path, size - new TextEncoder().encode(earlier).length);
    }
    const gap = before === "" || before.endsWith("\n") ? "" : "\n";
    await Deno.writeTextFile(path, gap + line, { append: true });
  } catch (error) {
    const why = systemReason(error);
    if (why === undefined) throw error;
    throw new UserError("chat.save", `Cannot write ${path}: ${why}`);
  }
}

function isConversation(text: string): boolean {
  const value: unknown = attempt(() => JSON.parse(text));
  return Array.isArray((value as { readonly messages?: unknown } | null | undefined)?.messages);
}
