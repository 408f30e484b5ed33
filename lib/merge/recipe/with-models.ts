// A configuration with its models under other names.
import type { TokenizerRequest, TokenRequest } from "../vocabulary/request.ts";
import { located } from "../weights/located.ts";
import type { Recipe } from "./read.ts";

/** The configuration with each model replaced by what `rename` gives for it, whose errors get file and line. */
export async function withModels(recipe: Recipe, rename: (model: string) => Promise<string>): Promise<Recipe> {
  const optional = async (model: string | undefined) => model === undefined ? undefined : await rename(model);
  const slices = [];
  for (const slice of recipe.slices) {
    const sources = [];
    for (const source of slice.sources) {
      sources.push({ ...source, model: await located(source.where, () => rename(source.model)) });
    }
    slices.push({ ...slice, base: await located(slice.where, () => optional(slice.base)), sources });
  }
  const { path, tokenizer: asked } = recipe;
  const tokenizer = asked && await located(path, () => withTokenModels(asked, rename));
  return { ...recipe, base: await located(path, () => optional(recipe.base)), slices, tokenizer };
}

async function withTokenModels(
  request: TokenizerRequest,
  rename: (model: string) => Promise<string>,
): Promise<TokenizerRequest> {
  const tokens = new Map<string, TokenRequest>();
  for (const [token, { source, force }] of request.tokens) {
    const renamed = source.kind === "zero" ? source : { ...source, model: await rename(source.model) };
    tokens.set(token, { source: renamed, force });
  }
  const { source } = request;
  return { ...request, source: ["base", "union"].includes(source) ? source : await rename(source), tokens };
}
