"""Loads the models that transformers_test.ts wrote as anybody would, and compares what they and ours make of texts."""

import json
import os
import sys
import tempfile
from pathlib import Path

# The models' code is copied there when they are loaded: not into the user's cache.
copies = tempfile.TemporaryDirectory()
os.environ["HF_MODULES_CACHE"] = copies.name

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()
torch.set_num_threads(1)


def compare(folder, attention):
    expected = load_file(folder / "expected.safetensors")
    texts = json.loads((folder / "expected.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(
        folder / "out", trust_remote_code=True, attn_implementation=attention
    ).eval()
    ids, logits = expected["ids"].long(), expected["logits"]
    largest = logits.abs().max().item()

    def check(found, wanted, what):
        error = (found - wanted).abs().max().item() / largest
        assert error <= 1e-4, f"{folder.name}: {what} differ by {error} of the largest logit"

    out = model(ids, labels=ids)
    check(out.logits, logits, "logits")
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    assert abs(out.loss.item() - loss.item()) < 1e-4 * loss.item(), f"{folder.name}: loss"
    check(model(ids, logits_to_keep=2).logits, logits[:, -2:], "the last logits")
    start = expected["start"]
    check(model(ids[:, : start.shape[1]]).logits, start, "logits after a longer text")

    prompts, written = texts["prompts"], texts["written"]
    count = len(written[0])
    greedy = dict(max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=0)
    for prompt, continuation in zip(prompts, written):
        one = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)).long(), **greedy)
        assert one[0, len(prompt) :].tolist() == continuation, f"{folder.name}: {one.tolist()}, ours {continuation}"
    if not texts["batched"]:
        return
    # Prompts of different lengths, padded on the left.
    longest = max(map(len, prompts))
    padded = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    last = model(padded, attention_mask=mask).logits[:, -1]
    for row, prompt in zip(last, prompts):
        check(row, model(torch.tensor([prompt])).logits[0, -1], "logits after padding")
    batch = model.generate(padded, attention_mask=mask, **greedy)[:, longest:].tolist()
    assert batch == written, f"{folder.name}: {batch} in a batch, ours {written}"


with torch.no_grad():
    for number, folder in enumerate(sorted(Path(sys.argv[1]).iterdir())):
        compare(folder, "eager" if number % 3 == 0 else "sdpa")
