"""Runs lm-evaluation-harness's `hf` model on an exported folder, and compares its answers with the model's own.

    python3 tests/export/harness.py <folder>

The tasks and their documents are written here, so nothing is downloaded. Prompts differ in length, so batches are padded.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

# The models' code is copied there when they are loaded: not into the user's cache.
copies = tempfile.TemporaryDirectory()
os.environ["HF_MODULES_CACHE"] = copies.name

import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

NEW_TOKENS = 12
CHOICES = [
    {"question": "What is 3 plus 4?", "choices": ["7", "eleven", "a number that nobody knows"], "answer": 0},
    {"question": "We the people of the United", "choices": ["States", "Kingdom of Great Britain"], "answer": 0},
    {"question": "Count: 1", "choices": ["2", "two, and then three"], "answer": 1},
]
PROMPTS = [{"prompt": text} for text in ("What is 3 plus 4?", "Yes", "The people of the United States, in order to")]
TASKS = {
    "choices": (
        CHOICES,
        {
            "output_type": "multiple_choice",
            "doc_to_text": "{{question}}",
            "doc_to_choice": "{{choices}}",
            "doc_to_target": "answer",
            "metric_list": [{"metric": "acc"}],
        },
    ),
    "continuations": (
        PROMPTS,
        {
            "output_type": "generate_until",
            "doc_to_text": "{{prompt}}",
            "doc_to_target": "",
            "generation_kwargs": {"until": ["<never>"], "max_gen_toks": NEW_TOKENS, "do_sample": False},
            "metric_list": [{"metric": "bypass"}],
        },
    ),
}


def write_tasks(folder):
    for name, (documents, task) in TASKS.items():
        data = folder / f"{name}.json"
        data.write_text("".join(json.dumps(one) + "\n" for one in documents))
        source = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(data)}}, "test_split": "test"}
        # JSON is YAML.
        (folder / f"{name}.yaml").write_text(json.dumps({"task": name, **source, **task}))


def own_loglikelihood(lm, context, continuation):
    """Of one text without a batch."""
    before, after = lm._encode_pair(context, continuation)
    scores = lm.model(torch.tensor([before + after])).logits[0].log_softmax(-1)
    return sum(scores[len(before) + i - 1, token].item() for i, token in enumerate(after))


def own_continuation(lm, prompt):
    ids = torch.tensor([lm.tok_encode(prompt)])
    mask = torch.ones_like(ids)
    out = lm.model.generate(ids, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False)
    return lm.tok_decode(out[0, ids.shape[1] :].tolist())


def main(folder):
    # In the lab, every text begins with BOS.
    lm = HFLM(
        pretrained=folder, trust_remote_code=True, add_bos_token=True, batch_size=4, device="cpu", dtype="float32"
    )
    with tempfile.TemporaryDirectory() as temporary:
        write_tasks(Path(temporary))
        results = simple_evaluate(
            model=lm,
            tasks=list(TASKS),
            task_manager=TaskManager(include_path=temporary, include_defaults=False),
            bootstrap_iters=0,
            log_samples=True,
        )
    compared = 0
    for sample in results["samples"]["choices"]:
        for (context, continuation), ((found, _),) in zip(sample["arguments"], sample["resps"]):
            own = own_loglikelihood(lm, context, continuation)
            assert abs(float(found) - own) < 1e-3, (context, continuation, found, own)
            compared += 1
    for sample in results["samples"]["continuations"]:
        own = own_continuation(lm, sample["doc"]["prompt"])
        assert sample["resps"] == [[own]], (sample["resps"], own)
        compared += 1
    print(f"{compared} answers of lm-evaluation-harness are the model's own; {results['results']['choices']}")


with torch.no_grad():
    main(sys.argv[1])
