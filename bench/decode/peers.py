"""The other sides of the benchmark of decoding.

    python3 peers.py transformers MODEL.gguf THREADS
    python3 peers.py llama.cpp MODEL.gguf THREADS

Prints a JSON line when the model is loaded, then one for each request on standard input: the seconds until the first
token, and for the others.
"""
import json, os, sys, time

kind, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])


def now():
    return time.perf_counter(), time.process_time()


def times(began, first, ended):
    kinds = [{"prefill": b - a, "decode": c - b} for a, b, c in zip(began, first, ended)]
    return {"clock": kinds[0], "processor": kinds[1]}


def transformers_side():
    import torch, transformers

    torch.set_num_threads(threads)
    folder, name = os.path.split(path)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()

    @torch.inference_mode()
    def measure(prompts, tokens):
        cache = transformers.DynamicCache(config=model.config)
        ids = torch.tensor(prompts)
        began = now()
        ids = model(ids, past_key_values=cache, logits_to_keep=1).logits[:, -1].argmax(-1, keepdim=True)
        all = [ids[0].item()]
        first = now()
        for _ in range(tokens - 1):
            ids = model(ids, past_key_values=cache).logits[:, -1].argmax(-1, keepdim=True)
            all.append(ids[0].item())
        ended = now()
        return {**times(began, first, ended), "ids": all}

    return measure


def llama_side():
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx, params.n_parallel, params.warmup = 2048, 1, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)

    def complete(prompt, tokens):
        request = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
        began = time.process_time()
        answer = server.handle_completions(request)
        answer = answer if isinstance(answer, dict) else json.loads(answer)
        assert answer["timings"]["prompt_n"] == len(prompt), answer["timings"]
        return answer["timings"], time.process_time() - began

    def measure(prompts, tokens):
        # The processor's time for the prompt is that of a request for one token.
        _, prefill = complete(prompts[0], 1)
        timings, both = complete(prompts[0], tokens)
        clock = {"prefill": timings["prompt_ms"] / 1000, "decode": timings["predicted_ms"] / 1000}
        return {"clock": clock, "processor": {"prefill": prefill, "decode": both - prefill}, "ids": []}

    return measure


measure = transformers_side() if kind == "transformers" else llama_side()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    if line.strip():
        request = json.loads(line)
        print(json.dumps(measure(request["prompts"], request["tokens"])), flush=True)
