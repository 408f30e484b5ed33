// The chat template of a merged model.
import { UserError } from "../../errors.ts";
import { exists, readBytes, readChatTemplate } from "../../huggingface/mod.ts";
import type { Input } from "../inputs/input.ts";

/** Templates by their names in mergekit. */
const NAMED: Readonly<Record<string, string>> = {
  chatml: "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n" +
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
};
/** Templates that mergekit has besides. */
const ELSEWHERE = ["alpaca", "exaone", "llama3", "mistral"];

/**
 * A chat template in Jinja.
 *
 * @param asked `auto` for the most common one of the models, a name, a `.jinja` file, or the template itself
 * @returns undefined if it is `auto` and no model has one
 * @throws UserError `merge.chat-template`
 */
export async function chatTemplateOf(asked: string, inputs: readonly Input[]): Promise<string | undefined> {
  if (asked === "auto") return await mostCommon(inputs);
  if (Object.hasOwn(NAMED, asked)) return NAMED[asked];
  if (asked.endsWith(".jinja") && await exists(asked)) return new TextDecoder().decode(await readBytes(asked));
  if (asked.length >= 20 && asked.includes("{")) return asked;
  throw new UserError(
    "merge.chat-template",
    `Cannot take the chat template ${JSON.stringify(asked)}: expected auto, ${
      Object.keys(NAMED).join(", ")
    }, a .jinja ` +
      "file, or a template in Jinja",
    ELSEWHERE.includes(asked)
      ? `mergekit's template ${asked} is not included: give it as a file`
      : "leave it out to keep the template of the tokenizer",
  );
}

async function mostCommon(inputs: readonly Input[]): Promise<string | undefined> {
  const counts = new Map<string, number>();
  for (const { folder } of inputs) {
    const template = (await readChatTemplate(folder))?.template.trim();
    if (template !== undefined && template !== "") counts.set(template, (counts.get(template) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  return counts.entries().find(([, count]) => count === most)?.[0];
}
