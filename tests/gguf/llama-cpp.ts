// Asking llama.cpp for the next token.
import assert from "node:assert/strict";
import { pythonCommand } from "../../lib/host/mod.ts";

/** Asks llama.cpp for the 50 most likely next tokens after the ids, and after the text. */
const SCRIPT = `
import json, sys
import xllamacpp as llama
request = json.load(open(sys.argv[1]))
answers = {}
for kind, path in request["files"].items():
    params = llama.CommonParams()
    params.model.path = path
    params.n_ctx, params.n_parallel, params.warmup, params.cpuparams.n_threads = 64, 1, False, 1
    # Otherwise keys and values are rounded to 16 bits.
    params.cache_type_k = params.cache_type_v = llama.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = llama.Server(params)
    for prompt in ("ids", "text"):
        # It shows no probabilities with a token that is not a whole character, so it is made to choose a letter.
        wanted = {"max_tokens": 1, "temperature": 0, "logprobs": 50, "logit_bias": [[request["letter"], 1000]]}
        answer = server.handle_completions({"prompt": request[prompt], **wanted})
        answer = answer if isinstance(answer, dict) else json.loads(answer)
        answers[f"{kind} {prompt}"] = {
            "tokens": answer["usage"]["prompt_tokens"],
            "next": answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"],
        }
json.dump(answers, open(sys.argv[2], "w"))
`;

/** What llama.cpp says. */
export interface Answer {
  /** Of the prompt. */
  readonly tokens: number;
  readonly next: readonly { readonly id: number; readonly logprob: number }[];
}

/** The files to ask, by any name, and the prompt as ids and as text. */
export interface Question {
  readonly files: Readonly<Record<string, string>>;
  readonly ids: readonly number[];
  readonly text: string;
  /** The id of a token that is a letter. */
  readonly letter: number;
}

/**
 * The answers by `<name> ids` and `<name> text`.
 *
 * @param folder for temporary files
 */
export async function askLlamaCpp(question: Question, folder: string): Promise<Readonly<Record<string, Answer>>> {
  await Deno.writeTextFile(`${folder}/request.json`, JSON.stringify(question));
  const { success, stderr } = await new Deno.Command(pythonCommand(), {
    args: ["-c", SCRIPT, `${folder}/request.json`, `${folder}/answers.json`],
    stdout: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr).slice(-4000));
  return JSON.parse(await Deno.readTextFile(`${folder}/answers.json`));
}
