"""Compares lm-evaluation-harness's own `hf` model with Stitchbook, item by item, on the tasks in this folder.

    python3 tests/harness/compare.py answers <checkpoint> <answers> [--bos always|never]
    python3 tests/harness/compare.py server <checkpoint> <command that serves it>…

<answers> is the folder that `deno task eval <checkpoint> --tasks tests/harness/tasks --out <answers>` wrote. With `server`, the
harness's `local-completions` asks the first model that the command serves, in requests of token ids, with each of its two
tokenizers: the checkpoint's and the server's.

Prompts must be equal; log-likelihoods may differ by 1e-4 per token; flags of greedy continuations, generated texts, metrics of
documents, scores and standard errors must be equal. Each difference is listed with both values, and is an error.
"""

import argparse
import json
import logging
import math
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TQDM_DISABLE"] = "1"
copies = tempfile.TemporaryDirectory()
os.environ["HF_DATASETS_CACHE"] = os.environ["HF_MODULES_CACHE"] = copies.name

import requests
import torch
import yaml
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.tasks import TaskManager

logging.getLogger("lm_eval").setLevel(logging.ERROR)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served import served

HERE = Path(__file__).resolve().parent / "tasks"
PER_TOKEN = 1e-4


def task_names():
    """All tasks by the kind of their answers. The harness takes no task twice: those of the group come with it."""
    files = {path.stem: yaml.safe_load(path.read_text()) for path in HERE.glob("*.yaml") if path.stem[0] != "_"}
    group = files.pop("geography")
    generated = {name for name, task in files.items() if task.get("output_type") == "generate_until"}
    return {"scored": [group["group"], *sorted(set(files) - set(group["task"]) - generated)], "generated": sorted(generated)}


def hf(checkpoint, **arguments):
    return HFLM(
        pretrained=checkpoint, trust_remote_code=True, batch_size=4, device="cpu", dtype="float32", **arguments
    )


def score_of(response):
    """Of a continuation a pair, of a text a number; as they are logged, perhaps as texts."""
    if isinstance(response, (tuple, list)):
        return float(response[0]), response[1] in (True, "True")
    return float(response), None


def item_of(sample):
    """A sample of the harness: what was asked, what was answered, and what that is worth."""
    generated = isinstance(sample["arguments"][0][-1], dict)
    return {
        "requests": [[one[0]] if generated else list(one) for one in sample["arguments"]],
        "responses": [[one if generated else score_of(one) for one in all] for all in sample["resps"]],
        "metrics": {metric: sample[metric] for metric in sample["metrics"]},
    }


def harness_results(model, tasks):
    """The items by task, document and filter; and the scores by task and metric."""
    manager = TaskManager(include_path=str(HERE), include_defaults=False)
    found = simple_evaluate(model=model, tasks=tasks, task_manager=manager, log_samples=True)
    return {
        "items": {
            (task, sample["doc_id"], sample["filter"]): item_of(sample)
            for task, samples in found["samples"].items()
            for sample in samples
        },
        "scores": {
            (task, name): value for task, scores in found["results"].items() for name, value in scores.items() if "," in name
        },
    }


def kept_results(folder):
    """The same of `deno task eval`, from its files."""
    items = {}
    for path in Path(folder).glob("*.jsonl"):
        for one in map(json.loads, path.read_text().splitlines()[1:]):
            asked = [[request[key] for key in ("context", "continuation", "text") if key in request] for request in one["requests"]]
            answered = [
                [each["text"] if "text" in each else (each["logLikelihood"], each["greedy"]) for each in all]
                for all in one["responses"]
            ]
            for name, metrics in one["metrics"].items():
                items[path.stem, one["doc_id"], name] = {"requests": asked, "responses": answered, "metrics": metrics}
    scores = json.loads(Path(folder, "results.json").read_text())
    # An interval is ours only.
    return {
        "items": items,
        "scores": {
            (task, name): value
            for task, all in scores.items()
            for name, value in all.items()
            if "," in name and "_interval," not in name
        },
    }


class Comparison:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.differences = []
        self.largest = 0

    def note(self, where, what, theirs, ours):
        self.differences.append(f"{where}: {what}: hf {theirs!r}, ours {ours!r}")

    def item(self, where, theirs, ours):
        if theirs["requests"] != ours["requests"]:
            return self.note(where, "requests", theirs["requests"], ours["requests"])
        for request, their, our in zip(theirs["requests"], theirs["responses"], ours["responses"], strict=True):
            for one, other in zip(their, our, strict=True):
                if isinstance(one, str):
                    if one != other:
                        self.note(where, "answer", one, other)
                    continue
                tokens = max(1, len(self.tokenizer(request[-1], add_special_tokens=False).input_ids))
                self.largest = max(self.largest, abs(one[0] - other[0]) / tokens)
                if not abs(one[0] - other[0]) <= PER_TOKEN * tokens:
                    self.note(where, f"log-likelihood of {tokens} tokens", one[0], other[0])
                # Of whole texts the harness keeps no flag.
                if one[1] is not None and one[1] != other[1]:
                    self.note(where, "greedy", one[1], other[1])
        for metric, one in theirs["metrics"].items():
            other = ours["metrics"][metric]
            if isinstance(one, (tuple, list)) and metric != "brier_score":
                if one[1] != other[1]:
                    self.note(where, f"weight of {metric}", one[1], other[1])
            # Of `perplexity` it is the log-likelihood; of the Brier score what it is computed of, which `scores` compares.
            elif metric not in ("perplexity", "brier_score") and float(one) != float(other):
                self.note(where, metric, one, other)

    def results(self, theirs, ours):
        for kind in ("items", "scores"):
            missing = set(theirs[kind]) ^ set(ours[kind])
            assert not missing, sorted(missing)
        for where, item in theirs["items"].items():
            self.item(where, item, ours["items"][where])
        for where, value in theirs["scores"].items():
            other = ours["scores"][where]
            equal = value == other if isinstance(value, str) else math.isclose(value, other, rel_tol=2e-3, abs_tol=1e-9)
            if not equal:
                self.note(where, "score", value, other)

    def report(self, what, results):
        documents = {(task, document) for task, document, _ in results["items"]}
        tasks = {task for task, _ in documents}
        print("\n".join(self.differences))
        print(
            f"{what}: {len(documents)} documents of {len(tasks)} tasks and {len(results['scores'])} scores: "
            f"{len(self.differences)} differences; log-likelihoods differ by at most {self.largest:.1e} per token"
        )
        return len(self.differences)


def compare_answers(options):
    bos = {None: {}, "always": {"add_bos_token": True}, "never": {"add_bos_token": False}}[options.bos]
    model = hf(options.checkpoint, **bos)
    theirs = harness_results(model, sum(task_names().values(), []))
    comparison = Comparison(model.tokenizer)
    comparison.results(theirs, kept_results(options.answers))
    return comparison.report("deno task eval", theirs)


def compare_server(options):
    length = json.loads(Path(options.checkpoint, "config.json").read_text())["max_position_embeddings"]
    # `local-completions` keeps a place for the token that each request generates, and one more in rolling windows.
    model = hf(options.checkpoint, add_bos_token=False, max_length=length - 2)
    theirs = {kind: harness_results(model, names) for kind, names in task_names().items()}
    differences = 0
    with served(options.command, cwd=options.folder) as url:
        name = requests.get(f"{url}/models").json()["data"][0]["id"]
        for backend, tokenizer in (("huggingface", options.checkpoint), ("remote", None)):
            comparison = Comparison(model.tokenizer)
            for kind, names in task_names().items():
                api = LocalCompletionsAPI(
                    model=name,
                    base_url=f"{url}/completions",
                    tokenizer_backend=backend,
                    tokenizer=tokenizer,
                    tokenized_requests=True,
                    batch_size=4,
                    max_length=length if kind == "scored" else length - 1,
                )
                comparison.results(theirs[kind], harness_results(api, names))
            both = {key: {**theirs["scored"][key], **theirs["generated"][key]} for key in ("items", "scores")}
            differences += comparison.report(f"local-completions with the {backend} tokenizer", both)
    return differences


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="against", required=True)
    answers = commands.add_parser("answers")
    server = commands.add_parser("server")
    for one in (answers, server):
        one.add_argument("checkpoint")
    answers.add_argument("answers")
    answers.add_argument("--bos", choices=["always", "never"])
    server.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    options.checkpoint = os.path.abspath(options.checkpoint)
    if options.against == "answers":
        options.answers = os.path.abspath(options.answers)
    options.folder = os.getcwd()
    os.chdir(HERE)  # data_files are relative to it
    sys.exit(1 if {"answers": compare_answers, "server": compare_server}[options.against](options) else 0)


with torch.no_grad():
    main()
