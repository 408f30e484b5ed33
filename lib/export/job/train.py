"""Trains the expert of this folder with PyTorch and transformers, as Stitchbook trains it. README.md has the details."""

import argparse
import json
import math
import os
import shutil
import signal
import sys
from pathlib import Path
from time import monotonic

# Before the imports, which take a while: an unhandled signal would end the script without a checkpoint.
signals = []
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
    signal.signal(number, lambda received, _: signals.append(received))

try:
    import numpy
    import torch
    from torch.nn.functional import cross_entropy
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging
except ImportError as error:
    sys.exit(f"{error}: pip install -r requirements.txt")

FOLDER = Path(__file__).resolve().parent
NEW_DOCUMENT, SCORED = 1, 2  # Bits of a position's flags.
IGNORED = -100
INTERRUPTED = 75  # Exit code after a checkpoint because of a signal: the script is to be started again.


def open_rows(name, settings):
    """The rows of a file: tokens `[rows, time + 1]` and flags `[rows, time]`, which stay on the disk."""
    count, length = settings["rows"][name], settings["contextLength"]
    tokens = {"u16": "<u2", "u32": "<u4"}[settings["tokens"]]
    files = (f"{name}.tokens.{settings['tokens']}", tokens, length + 1), (f"{name}.flags.u8", "u1", length)
    rows = []
    for file, dtype, width in files:
        if not (FOLDER / file).exists():
            sys.exit(f"There is no {file}: copy the folder again")
        values = numpy.memmap(FOLDER / file, dtype, "r") if count else numpy.zeros(0, dtype)
        if values.size != count * width:
            sys.exit(f"{file} has {values.size} values where {count * width} are expected: copy the folder again")
        rows.append(values.reshape(count, width))
    return rows


def batch_at(rows, start, count):
    """Inputs, targets and the number of each position's document, `[count, time]` each."""
    tokens, flags = (torch.from_numpy(one[start : start + count].astype(numpy.int64)) for one in rows)
    targets = tokens[:, 1:].masked_fill((flags & SCORED) == 0, IGNORED)
    return tokens[:, :-1], targets, (flags & NEW_DOCUMENT).cumsum(dim=1)


def attention_masks(documents, config):
    """Causal attention within one document, and within the window of layers that have one, `[count, 1, time, time]`."""
    position = torch.arange(documents.shape[1], device=documents.device)
    distance = position[:, None] - position
    full = (documents[:, :, None] == documents[:, None, :]) & (distance >= 0)
    window = getattr(config, "sliding_window", None)
    sliding = full if window is None else full & (distance < window)
    if getattr(config, "layer_types", None) is None:
        return sliding[:, None]
    return {"full_attention": full[:, None], "sliding_attention": sliding[:, None]}


def loss_of(model, batch, device):
    """The sum of the losses of the scored targets, in nats."""
    inputs, targets, documents = (one.to(device) for one in batch)
    masks = attention_masks(documents, model.config)
    logits = model(input_ids=inputs, attention_mask=masks, use_cache=False).logits
    return cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def learning_rate(train, step):
    """A linear rise, then half a cosine down to a share of the peak; steps count from 1."""
    rise = min(train["warmup"], train["steps"])
    if step <= rise:
        return train["lr"] * step / rise
    progress = 1 if train["steps"] == rise else (step - rise) / (train["steps"] - rise)
    return train["lr"] * (train["floor"] + (1 - train["floor"]) * 0.5 * (1 + math.cos(math.pi * progress)))


def optimizer_of(model, train, device):
    """AdamW, with weight decay for matrices only."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": train["weightDecay"]},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    betas = train["beta1"], train["beta2"]
    return torch.optim.AdamW(groups, lr=train["lr"], betas=betas, eps=train["epsilon"], fused=device.type == "cuda")


def train_step(model, optimizer, rows, train, step, micro, device, autocast):
    """One step; returns its loss and gradient norm, both None for a batch without a scored target."""
    inputs, targets, documents = batch_at(rows, (step - 1) * train["batch"], train["batch"])
    scored = (targets != IGNORED).sum().item()
    if scored == 0:
        for state in optimizer.state.values():
            state["step"] += 1
        return None, None
    total = torch.zeros((), device=device)
    for start in range(0, train["batch"], micro):
        with autocast():
            loss = loss_of(model, [one[start : start + micro] for one in (inputs, targets, documents)], device) / scored
        loss.backward()
        total += loss.detach()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), train["clipNorm"])
    if not math.isfinite(total.item()) or not math.isfinite(norm.item()):
        sys.exit(f"Training diverged at step {step}: loss {total.item()}, gradient norm {norm.item()}")
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(train, step)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total.item(), norm.item()


@torch.no_grad()
def validate(model, rows, settings, micro, device, autocast):
    """The mean loss over the validation batches, by their weights."""
    size, total = settings["train"]["batch"], 0.0
    for number, weight in enumerate(settings["validation"]):
        inputs, targets, documents = batch_at(rows, number * size, size)
        loss = 0.0
        for start in range(0, size, micro):
            with autocast():
                loss += loss_of(model, [one[start : start + micro] for one in (inputs, targets, documents)], device).item()
        total += weight * loss / (targets != IGNORED).sum().item()
    return total


def save_checkpoint(path, step, model, optimizer):
    partial = path.with_suffix(".partial")
    torch.save({"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, partial)
    os.replace(partial, path)


def resume(path, log, model, optimizer, device):
    """Restores the checkpoint if there is one, drops later lines of the log, and returns the step."""
    if not path.exists():
        log.write_text("")
        return 0
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    log.write_text("".join(line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= state["step"]))
    return state["step"]


def save_expert(model, out):
    """Writes the expert; what lies beside the weights is the seed's."""
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    for file in (FOLDER / "seed").iterdir():
        if ".safetensors" not in file.name:
            shutil.copyfile(file, partial / file.name)
    os.replace(partial, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: %(default)s")
    parser.add_argument("--micro-batch", type=int, metavar="ROWS", help="rows at once (default: all of a micro-batch)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16: faster, less exact")
    parser.add_argument("--minutes", type=float, default=10, help="minutes between checkpoints (default: %(default)s)")
    args = parser.parse_args()
    out, checkpoint, log = FOLDER / "expert", FOLDER / "checkpoint.pt", FOLDER / "log.jsonl"
    if out.exists():
        sys.exit(f"{out} is there already: move it away to train again")
    for name in "settings.json", "seed/config.json":
        if not (FOLDER / name).exists():
            sys.exit(f"There is no {name}: copy the folder again")
    settings = json.loads((FOLDER / "settings.json").read_text())
    train = settings["train"]
    rows, held = open_rows("train", settings), open_rows("validation", settings)
    micro = args.micro_batch or train["batch"] // train["accumulate"]
    if micro < 1:
        sys.exit(f"--micro-batch {micro}: expected 1 or more rows")
    try:
        device = torch.zeros(1, device=args.device).device
    except (RuntimeError, AssertionError) as error:
        sys.exit(f"Cannot use --device {args.device}: {str(error).splitlines()[0]}")

    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(FOLDER / "seed", dtype=torch.float32, attn_implementation="sdpa")
    model.to(device).train()
    if train["activations"] == "recompute":
        model.gradient_checkpointing_enable()
    optimizer = optimizer_of(model, train, device)
    autocast = lambda: torch.autocast(device.type, torch.bfloat16, enabled=args.bf16)

    step, saved = resume(checkpoint, log, model, optimizer, device), monotonic()
    if step > 0:
        print(f"Goes on from the checkpoint of step {step}", flush=True)
    tokens = train["batch"] * settings["contextLength"]
    with log.open("a") as lines:
        while step < train["steps"]:
            began, step = monotonic(), step + 1
            loss, norm = train_step(model, optimizer, rows, train, step, micro, device, autocast)
            line = {"step": step, "lr": learning_rate(train, step), "loss": loss, "gradientNorm": norm}
            line["tokensPerSecond"] = tokens / (monotonic() - began)
            if settings["validation"] and (step % train["validateEvery"] == 0 or step == train["steps"]):
                line["validation"] = validate(model, held, settings, micro, device, autocast)
            print(json.dumps(line), file=lines, flush=True)
            if "validation" in line or step == 1:
                print(json.dumps(line), flush=True)
            if signals or monotonic() - saved > 60 * args.minutes:
                save_checkpoint(checkpoint, step, model, optimizer)
                saved = monotonic()
            if signals and step < train["steps"]:
                print(f"Stopped by {signal.Signals(signals[0]).name}; left a checkpoint of step {step}", flush=True)
                sys.exit(INTERRUPTED)
    save_expert(model, out)
    checkpoint.unlink(missing_ok=True)
    print(f"Wrote {out}", flush=True)


if __name__ == "__main__":
    main()
