// The chat template of a run's conversations.
import type { ChatRenderer, DataConfig } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { type ChatTemplate, readBytes, renderAnswers, renderChat } from "../huggingface/mod.ts";
import type { PretrainedModel } from "../pretrained/mod.ts";

/** ChatML: what every message begins and ends with, and nothing else. */
const CHATML =
  `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' }}{% if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>\\n' }}{% endgeneration %}{% else %}{{ message.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/** The chat template of a checkpoint, if it has one. */
export function chatTemplateOf(
  model: Pick<PretrainedModel, "chatTemplate" | "chatTokens"> | undefined,
): ChatTemplate | undefined {
  if (model?.chatTemplate === undefined) return undefined;
  return { template: model.chatTemplate, tokens: model.chatTokens };
}

/**
 * The template that `data.template` names, or else the models' own.
 *
 * @throws UserError `data.template` for a file that cannot be read
 */
export async function chosenTemplate(
  { template }: Pick<DataConfig, "template">,
  own: ChatTemplate | undefined,
): Promise<ChatTemplate | undefined> {
  if (template === undefined) return own;
  const tokens = own?.tokens ?? {};
  if (template === "chatml") return { template: CHATML, tokens };
  try {
    return { template: new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(template)), tokens };
  } catch (error) {
    const reason = error instanceof UserError ? error.message : `"${template}" is not UTF-8`;
    throw new UserError("data.template", `data.template: ${reason}`, "name a file with a Jinja template, or chatml");
  }
}

/** Turns conversations into text. */
export function chatRenderer(chat: ChatTemplate): ChatRenderer {
  return {
    text: (messages, tools) => renderChat(chat, messages, { tools }),
    answers: (messages, tools) => renderAnswers(chat, messages, { tools }),
  };
}

/** The renderer of {@linkcode chosenTemplate}; undefined without a template. */
export async function chatRendererOf(
  data: Pick<DataConfig, "template">,
  own: ChatTemplate | undefined,
): Promise<ChatRenderer | undefined> {
  const chat = await chosenTemplate(data, own);
  return chat && chatRenderer(chat);
}
