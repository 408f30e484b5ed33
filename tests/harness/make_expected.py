"""Writes expected.json: what lm-evaluation-harness 0.4.13 asks on the tasks in this folder, and what it makes of the answers.

    python3 tests/harness/make_expected.py && deno fmt tests/harness/expected.json

The answers are made up, so no model is needed. Also what Python's `random`, `re` and `ast` give, which prompts depend on.
"""

import ast
import hashlib
import json
import os
import random
import re
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["LMEVAL_LOG_LEVEL"] = "ERROR"
copies = tempfile.TemporaryDirectory()
os.environ["HF_DATASETS_CACHE"] = copies.name

import yaml
from lm_eval import simple_evaluate
from lm_eval.api.metrics import bootstrap_stderr, brier_score, f1_score, matthews_corrcoef
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

HERE = Path(__file__).resolve().parent


def number(*texts):
    """From 0 to 2^32 - 1, by the texts alone."""
    return int(hashlib.sha256("|".join(texts).encode()).hexdigest()[:8], 16)


class Made(LM):
    def loglikelihood(self, requests, disable_tqdm=False):
        drawn = [number(*request.args) for request in requests]
        return [(-(one % 1000 + 1) / 64, one % 3 == 0) for one in drawn]

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        return [-(number(*request.args) % 1000) / 16 for request in requests]

    def generate_until(self, requests, disable_tqdm=False):
        capitals = {"Italy": "ROMA", "Greece": "athens.", "Vietnam": "Ha, noi", "Poland": "Warsaw", "India": "Delhi"}
        answers = ["rome", "Madrid!", " The answer is 1,023 or so", "42", "$3.", "-1", "", "Ha Noi", "x 14 y 9"]
        made = []
        for request in requests:
            country = request.args[0].rsplit("The capital of ", 1)[-1].removesuffix(" is")
            made.append(capitals.get(country, answers[number(request.args[0]) % len(answers)]))
        return made


def plain(metric, value):
    """A metric of a document. Of the Brier score the harness keeps what it is computed of."""
    return brier_score([value]) if metric == "brier_score" else value


def tasks():
    os.chdir(HERE / "tasks")
    group = yaml.safe_load(Path("geography.yaml").read_text())
    names = {path.stem for path in Path(".").glob("*.yaml") if not path.stem.startswith("_") and path.stem != "geography"}
    manager = TaskManager(include_path=".", include_defaults=False)
    found = simple_evaluate(
        model=Made(), tasks=[group["group"], *sorted(names - set(group["task"]))], task_manager=manager, log_samples=True
    )
    samples = {
        task: [
            {
                "id": one["doc_id"],
                "filter": one["filter"],
                "arguments": [list(request) for request in one["arguments"]],
                "responses": one["resps"],
                "filtered": one["filtered_resps"],
                "metrics": {metric: plain(metric, one[metric]) for metric in one["metrics"]},
            }
            for one in all
        ]
        for task, all in sorted(found["samples"].items())
    }
    results = {task: {k: v for k, v in all.items() if "," in k} for task, all in sorted(found["results"].items())}
    return {"samples": samples, "results": results}


def classification():
    """Pairs of the right class and the chosen one, with the metrics of them; of some with their standard errors."""
    rng = random.Random(8)
    drawn = [[(rng.randrange(k), rng.randrange(k)) for _ in range(n)] for n, k in [(16, 2), (30, 4)]]
    os.environ["DISABLE_MULTIPROC"] = "1"
    warnings.simplefilter("ignore")
    found = []
    for pairs in [*drawn, [(0, 0), (0, 0)], [(1, 0), (1, 0), (0, 0)], [(1, 1), (1, 1)]]:
        metrics = {"mcc": matthews_corrcoef, **({"f1": f1_score} if max(map(max, pairs)) < 2 else {})}
        found.append(
            {
                "pairs": pairs,
                "values": {name: float(metric(pairs)) for name, metric in metrics.items()},
                "errors": {
                    name: float(bootstrap_stderr(metric, pairs, 1000)) for name, metric in metrics.items() if pairs in drawn
                },
            }
        )
    return found


def python():
    rng = random.Random(1234)
    draws = [rng.sample(range(n), k) for n, k in [(10, 3), (100, 2), (30, 7), (1000, 6), (21, 5), (22, 5), (5, 5)]]
    floats = [random.Random(seed).random() for seed in (0, 1, 99, 1234, 2**32 - 1)]
    patterns = [
        (r"#### (\-?[0-9\.\,]+)", "so #### -1,234.5 and #### 7"),
        (r"(-?[0-9.,]{2,})|(-?[0-9]+)", "7 and 12, -3"),
        (r"(?i)answer:\s*([a-d])\b", "Answer: B. ANSWER:c"),
        (r"(?P<first>\w)(?P=first)", "aa bb cd éé"),
        (r"[^]x]+$", "ab]cd\n"),
        (r"\d+", "٣ 4 ５"),
        (r"a{,2}b|{x}", "aab {x} b"),
        (r"(?m)^\S+", "one two\nthree"),
        (r"\A\w|\w\Z", "naïve"),
        (r'["\'\-:]', "a\"b'c-d:e"),
    ]
    literals = ["['a', \"it's\", 'x\\n']", "[1, 2.5, -3]", "('a',)", "{'k': [True, None]}", "'a' 'b'", "[]", "'\\u00e9\\x41'", "(7)"]
    values = ["it's", 'a "b"', "both ' and \"", "tab\t\x00é\u200b🦊", 1.0, 1e16, 1e-5, 0.1, 123456789.125, [1, "a", None, True], {"k": [2.5]}, 1e22, 5e-324]
    windows = {
        f"{n}/{length}": [
            list(map(list, make_disjoint_window(pair)))
            for pair in get_rolling_token_windows(list(range(1, n + 1)), 0, length, 1)
        ]
        for n, length in [(0, 4), (1, 4), (4, 4), (5, 4), (8, 4), (11, 4), (3, 1)]
    }
    return {
        "draws": draws,
        "floats": floats,
        "findall": [[pattern, text, re.findall(pattern, text)] for pattern, text in patterns],
        "literals": [[text, ast.literal_eval(text)] for text in literals],
        "repr": [[json.dumps(value), repr(value)] for value in values],
        "split": [[text, len(re.split(r"\s+", text))] for text in ["", " a  b ", "a\u00a0b\u200bc", "a\x1cb"]],
        "windows": windows,
        "classification": classification(),
    }


expected = {"python": python(), **tasks()}
(HERE / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
