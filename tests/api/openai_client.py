"""Asks a server of models with the openai client of PyPI. Usage: openai_client.py <command that serves models>…"""

import sys
from pathlib import Path

import openai

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served import served

KEY = "key-of-this-test"


def check(client: openai.OpenAI) -> None:
    models = [model.id for model in client.models.list()]
    model = models[0]
    assert client.models.retrieve(model).id == model

    asked = {"model": model, "prompt": "What is 3 plus 4?", "max_tokens": 8, "seed": 5}
    whole = client.completions.create(**asked)
    assert whole.usage.completion_tokens <= 8
    pieces = [chunk.choices[0].text for chunk in client.completions.create(**asked, stream=True)]
    assert "".join(pieces) == whole.choices[0].text, (pieces, whole)

    # As lm-evaluation-harness scores: ids in, the prompt's log-probabilities out.
    scored = client.completions.create(
        model=model, prompt=[[0, 5, 6], [0, 7]], max_tokens=1, temperature=0, logprobs=1, echo=True
    )
    assert [len(choice.logprobs.token_logprobs) for choice in scored.choices] == [4, 3]
    for choice in scored.choices:
        assert choice.logprobs.token_logprobs[0] is None
        # The last token is the most likely one.
        assert choice.logprobs.token_logprobs[-1] == max(choice.logprobs.top_logprobs[-1].values())

    for change, error, param in [
        ({"temperature": 3}, openai.BadRequestError, "temperature"),
        ({"prompt": ""}, openai.BadRequestError, "prompt"),
        ({"model": "no-such-model"}, openai.NotFoundError, "model"),
    ]:
        try:
            client.completions.create(**{**asked, **change})
        except error as refused:
            assert refused.param == param, refused
        else:
            raise AssertionError(f"{change} was not refused")
    try:
        client.with_options(api_key="wrong").models.list()
    except openai.AuthenticationError:
        pass
    else:
        raise AssertionError("a wrong key was not refused")

    # Models that were trained from scratch have no chat template, and say so.
    try:
        chat = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=8
        )
        assert chat.choices[0].message.role == "assistant"
    except openai.BadRequestError as refused:
        assert refused.code == "chat_template_missing", refused
    print(f"{len(models)} models; the openai client {openai.__version__} is content")


def main() -> None:
    with served(sys.argv[1:], STITCHBOOK_API_KEY=KEY) as url:
        check(openai.OpenAI(base_url=url, api_key=KEY, max_retries=0))


main()
