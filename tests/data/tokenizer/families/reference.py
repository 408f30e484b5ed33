"""What Python makes of texts: python3 reference.py <job.json>, with

    {"tokenizer": "tokenizer.json", "sentencepiece": "tokenizer.model" or null, "texts": […], "decoded": […], "out": "…"}

Writes the ids of each text, after their number, as 32-bit integers into `out`, those of SentencePiece into `out`.model, and
what is decoded of the texts with the indexes `decoded` into `out`.json, with the steps of decoding the first of them.
"""

import json
import struct
import sys

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

with open(sys.argv[1], encoding="utf-8") as file:
    job = json.load(file)


def write(path, rows):
    with open(path, "wb") as file:
        for row in rows:
            file.write(struct.pack(f"<{len(row) + 1}I", len(row), *row))


def steps(ids):
    stream = DecodeStream(skip_special_tokens=False)
    return [stream.step(tokenizer, id) or "" for id in ids]


tokenizer = Tokenizer.from_file(job["tokenizer"])
ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(job["texts"], add_special_tokens=False)]
write(job["out"], ids)
if job["sentencepiece"]:
    from sentencepiece import SentencePieceProcessor

    write(job["out"] + ".model", SentencePieceProcessor(model_file=job["sentencepiece"]).encode(job["texts"]))
rows = [ids[i] for i in job["decoded"]]
with open(job["out"] + ".json", "w", encoding="utf-8") as file:
    json.dump({"plain": tokenizer.decode_batch(rows), "whole": tokenizer.decode_batch(rows, skip_special_tokens=False),
               "steps": [steps(row[:500]) for row in rows[:20]]}, file)
