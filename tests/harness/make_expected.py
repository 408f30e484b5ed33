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
from lm_eval.api.metrics import (
    bleu,
    bootstrap_stderr,
    brier_score,
    chrf,
    chrfpp,
    f1_score,
    matthews_corrcoef,
    median,
    nanmean,
    ter,
)
from lm_eval.api.model import LM
from lm_eval.api.registry import get_filter
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
            if (special := SPECIAL.get(request.args[0])) is not None:
                made.append(special)
                continue
            country = request.args[0].rsplit("The capital of ", 1)[-1].removesuffix(" is")
            made.append(capitals.get(country, answers[number(request.args[0]) % len(answers)]))
        return made


# Answers to prompts that need more than a short text: right and wrong translations, and choices in several forms.
SPECIAL = {
    f"German: {german}\nEnglish:": english
    for german, english in {
        "Der Hund schläft unter dem Tisch.": " The dog sleeps under the table.",
        "Gestern hat es den ganzen Tag geregnet.": " Yesterday it rained all day.",
        "Das Buch kostet 12,50 Euro.": "The book costs 12.50 euros.",
        "Wir fahren morgen mit dem Zug nach Wien.": " Tomorrow we are taking the train to Vienna, to Vienna &amp; back.",
        "Sie sagte: „Ich komme später.“": ' She said: "Later I come."',
        "Ja.": "",
    }.items()
} | {
    f"{question}\n(A) {a}\n(B) {b}\n(C) {c}\nAnswer:": answer
    for question, a, b, c, answer in [
        ("What do bees make?", "Milk", "Honey", "Honeycomb cells", " Bees make honey, of course"),
        ("Which is the largest planet?", "Jupiter", "Mars", "The Moon", " the moon!"),
        ("Which of these is a prime number?", "4", "6", "7", " (C), because nothing divides it; not (A)"),
        ("What is ice?", "Frozen water", "Salt.", "Glass (clear)", " The answer: A"),
        ("How many legs has a spider?", "six", "ten", "eight", " nobody knows"),
    ]
}


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


def translation():
    """Measures of translations of drawn sentences, some of them long and some empty, with their standard errors."""
    os.environ["DISABLE_MULTIPROC"] = "1"
    rng = random.Random(17)
    words = "the a cat dog sat on mat, red (big) house. 3.5 1,000 it's well-known &quot;yes&quot; 12-14 Über naïve 東京 \u00a0x".split(" ")
    metrics = {"bleu": bleu, "chrf": chrf, "chrf++": chrfpp, "ter": ter}
    found = []
    for count, longest in [(1, 6), (8, 12), (6, 70), (2, 1)]:
        pairs = []
        for _ in range(count):
            wanted = [rng.choice(words) for _ in range(rng.randint(1, longest))]
            answer = [rng.choice(words) if rng.random() < 0.2 else word for word in wanted]
            # A part moves, and another is lost.
            start, end = sorted(rng.choices(range(len(answer) + 1), k=2))
            answer = answer[end:] + answer[start:end] + answer[: start - start // 3]
            pairs.append([" ".join(wanted), " ".join(answer)])
        pairs.append(["The end.\n", ""] if count > 1 else ["Same words here now", "same words here now "])
        found.append(
            {
                "pairs": pairs,
                "values": {name: float(metric(pairs)) for name, metric in metrics.items()},
                "errors": {name: float(bootstrap_stderr(metric, pairs, 100)) for name, metric in metrics.items()},
            }
        )
    return found


def numbers():
    """Other ways to put numbers together."""
    os.environ["DISABLE_MULTIPROC"] = "1"
    rng = random.Random(5)
    found = []
    for values in [[1.0], [rng.randrange(2) for _ in range(11)], [0, 1, 1, 1]]:
        found.append(
            {
                "values": values,
                "nanmean": [float(nanmean(values)), float(bootstrap_stderr(nanmean, values, 1000))],
                "median": [float(median(values)), float(bootstrap_stderr(median, values, 1000))],
            }
        )
    return found


def filters():
    """What filters make of answers to a document."""
    doc = {"choices": ["Guilty", "Guilty of Romance", "a+b (c)", " not\u00a0guilty! ", "Guilty"]}
    answers = ["(B) is right", "guilty of romance.", "Guilty of Romance", "a+b (c)?", "the answer: D", "A: B: C", "none", "", "NOT\u00a0GUILTY", "(E) (F)"]
    spans = ["Person: Ada, none $$ place: x\ncountry :  Kenya, uganda$ORG: a$b$$", "people:Bob\n\nTime: 3 o'clock$$$", "nothing", "loc: none"]
    cases = [
        ("multi_choice_regex", {"regex_pattern": r"(\([A-Z]\))"}, doc, answers),
        ("multi_choice_regex", {"ignore_case": True, "ignore_punctuation": True, "group_select": -1}, doc, answers),
        ("multi_choice_regex", {"regex_pattern": "(x)|(y)", "regexes_to_ignore": ["[aeiou]"], "fallback": "?"}, doc, answers),
        ("format_span", {}, {}, spans),
    ]
    return [
        {
            "filter": name,
            "settings": settings,
            "doc": doc,
            "answers": answers,
            "filtered": list(get_filter(name)(**settings).apply([answers], [doc]))[0],
        }
        for name, settings, doc, answers in cases
    ]


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
        "translation": translation(),
        "numbers": numbers(),
        "filters": filters(),
    }


expected = {"python": python(), **tasks()}
(HERE / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
