"""Compares lm-evaluation-harness with `deno task eval`, item by item, on the tasks in this folder.

    python3 tests/harness/compare.py <checkpoint> <answers> [--bos always|never] [--url <server> --name <model>]

<answers> is the folder that `deno task eval <checkpoint> --tasks tests/harness/tasks --out <answers>` wrote. The harness runs its
own `hf` model on the checkpoint in float32 or, with --url, its `local-completions` on a server. Prompts must be equal;
log-likelihoods may differ by 1e-4 per token; flags of greedy continuations, generated texts, metrics of documents, scores and
standard errors must be equal. Each difference is listed with both values, and is an error.
"""

import argparse
import json
import math
import os
import sys
import tempfile
from pathlib import Path

os.environ["LMEVAL_LOG_LEVEL"] = "ERROR"
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
copies = tempfile.TemporaryDirectory()
os.environ["HF_DATASETS_CACHE"] = os.environ["HF_MODULES_CACHE"] = copies.name

import torch
import yaml
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

HERE = Path(__file__).resolve().parent / "tasks"
PER_TOKEN = 1e-4


def model_of(options):
    if options.url is None:
        bos = {None: {}, "always": {"add_bos_token": True}, "never": {"add_bos_token": False}}[options.bos]
        return HFLM(
            pretrained=options.checkpoint, trust_remote_code=True, batch_size=4, device="cpu", dtype="float32", **bos
        )
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    return LocalCompletionsAPI(
        model=options.name,
        base_url=f"{options.url}/v1/completions",
        tokenizer=options.checkpoint,
        tokenized_requests=True,
        batch_size=4,
        add_bos_token=options.bos == "always",
        max_length=json.loads(Path(options.checkpoint, "config.json").read_text())["max_position_embeddings"],
    )


def read(folder, task):
    _, *lines = Path(folder, f"{task}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def requests_of(sample):
    """The harness's arguments in our form."""
    for one in sample["arguments"]:
        if len(one) == 1:
            yield {"kind": "text", "text": one[0]}
        elif isinstance(one[1], dict):
            yield {"kind": "generation", "context": one[0]}
        else:
            yield {"kind": "continuation", "context": one[0], "continuation": one[1]}


def score_of(response):
    """Of a continuation a pair, of a text a number; as they are logged, perhaps as texts."""
    if isinstance(response, (tuple, list)):
        return float(response[0]), response[1] in (True, "True")
    return float(response), None


def compare(task, sample, ours, differences):
    where = f"{task} {ours['doc_id']} ({sample['filter']})"

    def note(what, theirs, own):
        differences.append(f"{where}: {what}: harness {theirs!r}, ours {own!r}")

    requests = list(requests_of(sample))
    if requests != ours["requests"]:
        return note("requests", requests, ours["requests"])
    for theirs, own in zip(sample["resps"], ours["responses"], strict=True):
        for their, our in zip(theirs, own, strict=True):
            if "text" in our:
                if their != our["text"]:
                    note("answer", their, our["text"])
                continue
            value, greedy = score_of(their)
            if abs(value - our["logLikelihood"]) > PER_TOKEN * max(1, our["tokens"]):
                note(f"log-likelihood of {our['tokens']} tokens", value, our["logLikelihood"])
            if greedy is not None and greedy != our["greedy"]:
                note("greedy", greedy, our["greedy"])
    for metric, own in ours["metrics"][sample["filter"]].items():
        their = sample[metric]
        if isinstance(own, list):
            if their[1] != own[1]:
                note(f"weight of {metric}", their[1], own[1])
        elif not isinstance(own, float) and float(their) != own:
            note(metric, their, own)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("answers")
    parser.add_argument("--bos", choices=["always", "never"])
    parser.add_argument("--url")
    parser.add_argument("--name", default="model")
    options = parser.parse_args()
    os.chdir(HERE)  # data_files are relative to it
    manager = TaskManager(include_path=str(HERE), include_defaults=False)
    # The harness takes no task twice: those of the group come with it.
    group = yaml.safe_load((HERE / "geography.yaml").read_text())
    names = {path.stem for path in HERE.glob("*.yaml") if not path.stem.startswith("_") and path.stem != "geography"}
    tasks = [group["group"], *sorted(names - set(group["task"]))]
    found = simple_evaluate(model=model_of(options), tasks=tasks, task_manager=manager, log_samples=True)
    differences = []
    documents = 0
    for task, samples in found["samples"].items():
        ours = {one["doc_id"]: one for one in read(options.answers, task)}
        assert len({one["doc_id"] for one in samples}) == len(ours), task
        for sample in samples:
            compare(task, sample, ours[sample["doc_id"]], differences)
        documents += len(ours)
    own = json.loads(Path(options.answers, "results.json").read_text())
    values = 0
    for task, scores in found["results"].items():
        for name, value in scores.items():
            if "," not in name:
                continue
            values += 1
            mine = own[task][name]
            equal = value == mine if isinstance(value, str) else math.isclose(value, mine, rel_tol=2e-3, abs_tol=1e-9)
            if not equal:
                differences.append(f"{task}: {name}: harness {value!r}, ours {mine!r}")
    print("\n".join(differences))
    print(f"{documents} documents of {len(found['samples'])} tasks and {values} scores: {len(differences)} differences")
    sys.exit(1 if differences else 0)


with torch.no_grad():
    main()
