"""Tokenizes JSON lines with the package `tokenizers` on one thread. Started by bench/tokenizer.ts.

    python3 reference.py <texts.jsonl> <tokenizer.json>

Prints the seconds of processor time, of `encode()` and of `encode_batch_fast()`, and a hash of the ids.
"""
import os

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import hashlib, json, struct, sys, time

import tokenizers

with open(sys.argv[1], encoding="utf-8") as file:
    texts = [json.loads(line)["text"] for line in file]
tokenizer = tokenizers.Tokenizer.from_file(sys.argv[2])
# Ours reads <|endoftext|> in a text as characters; the benchmark's text has none.
began = time.process_time()
ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
one = time.process_time() - began
began = time.process_time()
batch = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
many = time.process_time() - began
assert batch == ids
digest = hashlib.sha256()
for row in ids:
    digest.update(struct.pack(f"<{len(row)}I", *row) + b"|")
print(json.dumps({"seconds": [one, many], "ids": digest.hexdigest(), "version": tokenizers.__version__}))
