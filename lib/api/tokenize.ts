// `/tokenizer_info`, `/tokenize`, `/detokenize`: a model's tokenizer, as vLLM's clients and lm-evaluation-harness ask for it.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type ApiContext, openModel } from "./context.ts";
import { invalidParameter } from "./errors.ts";
import { stopsAtFirst } from "./lists.ts";
import type { ServedModel } from "./registry.ts";
import { json, jsonBody, refused, refuseInvalid } from "./route-parts.ts";
import { tokenName } from "./token-names.ts";

/** Without a name, the first model: clients that know of one tokenizer only do not send one. */
const model = z.string().nullish().openapi({ description: "A name of `/v1/models`. Default: the first" });

const tokenizeSchema = z.strictObject({
  model,
  prompt: z.string(),
  add_special_tokens: z.boolean().nullish().openapi({
    description: "Whether the token that opens a text comes first. Default true",
  }),
  return_token_strs: z.boolean().nullish(),
}).openapi("TokenizeRequest");

const token = z.int().min(0);
const detokenizeSchema = z.strictObject({ model, tokens: stopsAtFirst(z.array(token), () => token) })
  .openapi("DetokenizeRequest");

const routes = {
  info: createRoute({
    method: "get",
    path: "/tokenizer_info",
    summary: "A model's special tokens and chat template",
    request: {
      query: z.object({
        model: z.string().optional().openapi({ description: "A name of `/v1/models`. Default: the first" }),
      }),
    },
    responses: {
      200: json(
        "The tokenizer",
        z.strictObject({
          model_max_length: z.int(),
          vocab_size: z.int(),
          bos_token: z.string().nullable(),
          eos_token: z.string(),
          chat_template: z.string().nullable(),
        }),
      ),
      default: refused,
    },
  }),
  tokenize: createRoute({
    method: "post",
    path: "/tokenize",
    summary: "The token ids of a text; special tokens that it names are found",
    request: jsonBody(tokenizeSchema),
    responses: {
      200: json(
        "The tokens",
        z.strictObject({
          count: z.int(),
          max_model_len: z.int(),
          tokens: z.array(z.int()),
          token_strs: z.array(z.string()).nullable(),
        }),
      ),
      default: refused,
    },
  }),
  detokenize: createRoute({
    method: "post",
    path: "/detokenize",
    summary: "The text of token ids, special tokens included",
    request: jsonBody(detokenizeSchema),
    responses: { 200: json("The text", z.strictObject({ prompt: z.string() })), default: refused },
  }),
};

export function addTokenize(app: OpenAPIHono, context: ApiContext): void {
  app.openapi(routes.info, async (c) => {
    using lease = await openModel(context, c.req.valid("query").model);
    const { tokenizer, opening, contextLength, chatTemplate } = lease.model;
    const spell = (id: number) => tokenizer.decode([id], { specialTokens: true });
    return c.json({
      model_max_length: contextLength,
      vocab_size: tokenizer.vocabSize,
      bos_token: opening[0] === undefined ? null : spell(opening[0]),
      eos_token: spell(tokenizer.endOfText),
      chat_template: chatTemplate?.template ?? null,
    }, 200);
  });

  app.openapi(routes.tokenize, async (c) => {
    const { model, prompt, add_special_tokens, return_token_strs } = c.req.valid("json");
    using lease = await openModel(context, model ?? undefined);
    const { opening, contextLength } = lease.model;
    const tokens = [...(add_special_tokens ?? true) ? opening : [], ...encodeSpecial(lease.model, prompt)];
    return c.json({
      count: tokens.length,
      max_model_len: contextLength,
      tokens,
      token_strs: return_token_strs ? tokens.map((id) => tokenName(lease.model.tokenizer, id)) : null,
    }, 200);
  }, refuseInvalid(tokenizeSchema));

  app.openapi(routes.detokenize, async (c) => {
    const { model, tokens } = c.req.valid("json");
    using lease = await openModel(context, model ?? undefined);
    const { tokenizer } = lease.model;
    const outside = tokens.find((id) => id >= tokenizer.vocabSize);
    if (outside !== undefined) {
      throw invalidParameter("tokens", `Invalid 'tokens': ${outside} is outside the vocabulary`);
    }
    return c.json({ prompt: tokenizer.decode(tokens, { specialTokens: true }) }, 200);
  }, refuseInvalid(detokenizeSchema));
}

/**
 * Ids of a text in which the end-of-text token is found, too. The tokenizers that we train read it as ordinary characters;
 * clients learn its id by encoding its text.
 */
function encodeSpecial({ tokenizer }: ServedModel, text: string): number[] {
  const end = tokenizer.decode([tokenizer.endOfText], { specialTokens: true });
  return text.split(end).flatMap((part, i) => [...(i === 0 ? [] : [tokenizer.endOfText]), ...tokenizer.encode(part)]);
}
