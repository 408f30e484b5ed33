// llama.cpp loads the files that we write, splits text as we do, and agrees on the next token.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { loadGguf, saveGguf, WRITTEN_TYPES, type WrittenType } from "../../lib/gguf/mod.ts";
import { pythonCommand } from "../../lib/host/mod.ts";
import { decoder, initialWeights, modelConfigSchema, toDevice } from "../../lib/model/mod.ts";
import { optionalTest } from "../optional.ts";

const TEXT = "The whale's 12 foo(bar";
const TOKENIZER = trainTokenizer(
  ["The whale, the whale! It's 12 + 345 = 357.\n\nfoo(bar[0]);  naïve café\r\n".repeat(5)],
  { vocabSize: 300 },
);

/**
 * The largest difference of log-probabilities that we accept. llama.cpp rounds the input of a product to the type of the
 * matrix, or to 8 bits for Q8_0; we compute in float32.
 */
const TOLERANCE: Readonly<Record<WrittenType, number>> = { F32: 1e-4, F16: 0.02, BF16: 0.15, Q8_0: 0.3 };

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

interface Answer {
  readonly tokens: number;
  readonly next: readonly { readonly id: number; readonly logprob: number }[];
}

/** Our log-probabilities of the next token after `ids`, from the file as we read it. */
async function ourNext(path: string, ids: readonly number[]): Promise<ArrayLike<number>> {
  const { config, tensors } = await loadGguf(path);
  using weights = toDevice(tensors);
  const input = () => tf.tensor2d([...ids], [1, ids.length], "int32");
  const all = tf.tidy(() => tf.logSoftmax(decoder(config, weights).logits(input())).dataSync<"float32">());
  return all.slice(-config.vocabSize);
}

optionalTest("python-llama-cpp", "llama.cpp agrees on files of every type that we write", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await tf.setBackend("cpu");
    const { vocabSize, endOfText, encode } = openTokenizer(TOKENIZER);
    const ids = [endOfText, ...encode(TEXT)]; // llama.cpp begins a text with BOS
    const files: Record<string, string> = {};
    for (const type of WRITTEN_TYPES) {
      const config = modelConfigSchema.parse({
        vocabSize,
        width: 64,
        layers: 2,
        heads: 4,
        kvHeads: 2,
        inner: 88,
        contextLength: 64,
        ropeTheta: 500,
        normEps: 1e-4,
        tiedEmbeddings: type !== "F32",
      });
      const tensors = initialWeights(config, 3);
      // Larger than the initial weights, so that every part of the decoder affects the logits.
      for (const { shape, data } of Object.values(tensors)) {
        if (shape.length > 1) data.forEach((w, i) => data[i] = 10 * w);
      }
      files[type] = `${folder}/${type}.gguf`;
      await saveGguf(files[type], { config, tensors, tokenizer: TOKENIZER, name: "test" }, type);
    }
    await Deno.writeTextFile(
      `${folder}/request.json`,
      JSON.stringify({ files, ids, text: TEXT, letter: encode("x")[0] }),
    );
    const { success, stderr } = await new Deno.Command(pythonCommand(), {
      args: ["-c", SCRIPT, `${folder}/request.json`, `${folder}/answers.json`],
      stdout: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr).slice(-4000));
    const answers: Record<string, Answer> = JSON.parse(await Deno.readTextFile(`${folder}/answers.json`));
    for (const type of WRITTEN_TYPES) {
      const ours = await ourNext(files[type]!, ids);
      for (const prompt of ["ids", "text"]) {
        const { tokens, next } = answers[`${type} ${prompt}`]!;
        assert.equal(tokens, ids.length, `${type}, ${prompt}`);
        assert.equal(next.length, 50);
        const difference = Math.max(...next.map(({ id, logprob }) => Math.abs(logprob - ours[id]!)));
        assert.ok(difference < TOLERANCE[type], `${type}, ${prompt}: the largest difference is ${difference}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
