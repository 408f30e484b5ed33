"""Runs the scripts of the jobs in the folders given: each as a program of its own would be, but PyTorch is loaded once.
Each is told in its seventh step that its time is up, and started again."""

import os
import runpy
import signal
import sys

import torch

torch.set_num_threads(1)
adam_step = torch.optim.AdamW.step
steps = 0


def step(*args, **options):
    global steps
    steps += 1
    if steps == 7:
        os.kill(os.getpid(), signal.SIGUSR1)
    return adam_step(*args, **options)


torch.optim.AdamW.step = step
for folder in sys.argv[1:]:
    steps = 0
    sys.argv = [f"{folder}/train.py", "--device", "cpu"]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        sys.exit("the script did not stop")
    except SystemExit as end:
        assert end.code == 75, end.code
    assert os.path.exists(f"{folder}/checkpoint.pt")
    runpy.run_path(sys.argv[0], run_name="__main__")
    assert not os.path.exists(f"{folder}/checkpoint.pt")
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        assert "is there already" in str(end.code), end.code
    else:
        sys.exit("the script trained again")
