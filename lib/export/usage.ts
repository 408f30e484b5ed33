// How to load an exported model, for its card.
import type { CardFacts } from "./card.ts";
import type { Exporter, Format } from "./exporter.ts";

/** @param name of the folder, or of the GGUF file */
export function usageOf(exporter: Exporter, to: Format, name: string): CardFacts["usage"] {
  return to === "hf" ? inTransformers(exporter, name) : inLlamaCpp(name);
}

function inTransformers({ beginsWithBos, trustRemoteCode }: Exporter, folder: string): CardFacts["usage"] {
  const trust = trustRemoteCode ? ", trust_remote_code=True" : "";
  const prompt = beginsWithBos ? 'tokenizer.bos_token + "The "' : '"The "';
  return {
    language: "python",
    program: `from transformers import AutoModelForCausalLM, AutoTokenizer

folder = ${JSON.stringify(folder)}  # this folder, or its name on the hub
tokenizer = AutoTokenizer.from_pretrained(folder${trust})
model = AutoModelForCausalLM.from_pretrained(folder${trust})
ids = tokenizer(${prompt}, return_tensors="pt").input_ids
print(tokenizer.decode(model.generate(ids, max_new_tokens=32)[0]))`,
    remarks: [
      ...(beginsWithBos
        ? [
          "In training, every document began with `<|endoftext|>`, which the tokenizer does not add by itself: put it before " +
          "a prompt, as above (`add_bos_token=True` in lm-evaluation-harness).",
        ]
        : []),
      ...(trustRemoteCode
        ? ["The architecture is not part of transformers: its code is in this folder. Read it before you trust it."]
        : []),
    ],
  };
}

function inLlamaCpp(file: string): CardFacts["usage"] {
  return {
    language: "sh",
    program: `llama-server -m ${file} &
curl http://127.0.0.1:8080/completion -d '{"prompt": "The ", "n_predict": 32}'`,
    remarks: [
      "`llama-server` is part of llama.cpp. Programs that are built on llama.cpp load the file, too. The file says that a text " +
      "begins with BOS, which llama.cpp adds.",
    ],
  };
}
