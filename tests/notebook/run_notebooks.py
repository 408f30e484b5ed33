"""Executes every notebook in real Jupyter and checks what it shows; then restarts a kernel in the middle of a run.

Usage: python3 run_notebooks.py --deno <path of deno> [--out <folder for the executed notebooks>] [--only restart|folder|<name>]
                                [--write]

What a cell must show is in its metadata: `"stitchbook": {"expect": [<regular expressions>]}`. Committed outputs must
show it, too; `--write` replaces them by those of this run.

Needs nbclient and jupyter_client. The Deno kernel is registered in a temporary folder: nothing is installed.
"""

import argparse
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import time

import nbformat
from jupyter_client import KernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000
# How long the run lasts in whose middle a kernel is restarted.
FAKE_SECONDS = 25


def register_kernel(deno: str, folder: pathlib.Path) -> None:
    """Writes the kernelspec that `deno jupyter --install` writes, where only this process looks."""
    spec = folder / "kernels" / "deno"
    spec.mkdir(parents=True)
    argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Deno", "language": "typescript"}))
    os.environ["JUPYTER_PATH"] = str(folder)


def check(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def text_of(cell) -> str:
    """What a cell printed and showed, as text."""
    parts = []
    for output in cell.outputs:
        parts.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join("".join(part) for part in parts))


def problems_of(cell) -> list:
    """What is wrong with a cell's outputs."""
    problems = []
    for output in cell.outputs:
        if output.output_type == "error":
            problems.append(f"it failed: {output.evalue}")
        if output.output_type == "stream" and output.name == "stderr":
            problems.append(f"it wrote to stderr: {output.text}")
    text = text_of(cell)
    for pattern in cell.metadata.get("stitchbook", {}).get("expect", []):
        if not re.search(pattern, text, re.MULTILINE):
            problems.append(f"{pattern!r} is not in what it showed: {text[:2000]!r}")
    cards = [o for o in cell.outputs if "text/html" in o.get("data", {})]
    if ".watch()" in cell.source and len(cards) != 1:
        problems.append(f"it shows {len(cards)} cards, not one that is updated in place")
    return problems


def check_cells(notebook, path: pathlib.Path, what: str) -> None:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        ran = cell.execution_count is not None
        problems = problems_of(cell) if ran else ["it was not executed"]
        if problems:
            raise SystemExit(f"FAILED: {path.name}, code cell {number} ({what}): {'; '.join(problems)}\n{cell.source}")
    expected = sum(len(cell.metadata.get("stitchbook", {}).get("expect", [])) for cell in cells)
    check(expected > 0, f"{path.name} ({what}): {len(cells)} cells, {expected} expectations")


class PatientClient(NotebookClient):
    """Listens a moment longer after a cell: the kernel may send what was printed after it says that it is idle."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=0.2))
            except queue.Empty:
                return
            if message["parent_header"].get("msg_id") == parent_msg_id:
                self.process_message(message, cell, cell_index)


def run_notebook(path: pathlib.Path, out: pathlib.Path, write: bool) -> None:
    notebook = nbformat.read(path, as_version=4)
    if not write:
        check_cells(notebook, path, "committed")
    started = time.monotonic()
    client = PatientClient(
        notebook, timeout=900, kernel_name="deno", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    seconds = time.monotonic() - started
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # A value that has shown itself is empty.
            cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result" or o.data]
            cell.metadata.pop("execution", None)
            # Where the runs were is of no interest to readers.
            shown = json.dumps(cell.outputs).replace(os.environ["STITCHBOOK_RUNS"], "runs")
            cell.outputs = [nbformat.from_dict(output) for output in json.loads(shown)]
    executed = out / path.name
    nbformat.write(notebook, executed)
    print(f"{path.name}: {seconds:.0f} s, {executed.stat().st_size:,} bytes", flush=True)
    check_cells(notebook, path, "executed")
    check(executed.stat().st_size < MEGABYTE, f"{path.name} stays under 1 MB with its outputs")
    if write:
        nbformat.write(notebook, path)


class Kernel:
    """A Deno kernel, driven message by message."""

    def __init__(self, folder: pathlib.Path = ROOT / "notebooks") -> None:
        self.manager = KernelManager(kernel_name="deno")
        self.manager.start_kernel(cwd=str(folder))
        self.connect()

    def connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source: str, timeout: float = 120, late: float = 0.3) -> list:
        """Executes and returns the outputs' contents; an error ends the test. `late` seconds after the kernel says that
        it is idle, which is when front ends stop to listen, outputs still count."""
        request = self.client.execute(source)
        outputs, idle, deadline = [], False, time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise SystemExit("FAILED: " + "\n".join(content["traceback"]))
            if kind in ("stream", "display_data", "update_display_data", "execute_result"):
                outputs.append(content)
            if kind == "status" and content["execution_state"] == "idle":
                # The kernel may send what was printed, or the value, a moment after it says that it is idle.
                deadline = min(deadline, time.monotonic() + late)
                idle = True
        if idle:
            return outputs
        raise SystemExit(f"FAILED: no answer within {timeout} s to {source!r}")

    def restart(self) -> None:
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self.connect()

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def restart_in_mid_run() -> None:
    """A kernel restarted while a run goes on: the run goes on too, and the notebook attaches to it by id."""
    os.environ["FAKE_MS"] = str(FAKE_SECONDS * 1000)
    module = 'import { lab } from "stitchbook";'
    kernel = Kernel()
    try:
        kernel.run(module)
        said = kernel.run(
            'const run = await lab.start("tests/notebook/fake_experiment.ts"); console.log(run.id)'
        )
        run_id = said[0]["text"].strip()
        kernel.restart()
        kernel.run(module)
        status = kernel.run(f'const run = await lab.attach("{run_id}"); console.log((await run.view()).status)')
        check(status[0]["text"].strip() == "running", "the run goes on while its kernel restarts")
        outputs = kernel.run("await run.watch()")
        cards = [o for o in outputs if "text/html" in o.get("data", {})]
        check(len(cards) >= 3, f"the card was updated live ({len(cards)} times)")
        check(len({o["transient"]["display_id"] for o in cards}) == 1, "all updates have one display_id")
        # Each replaces the one before in the file.
        largest = max(len(json.dumps(o["data"])) for o in cards)
        check(len(cards) <= 2 + 2 * FAKE_SECONDS, "at most two updates a second")
        check(largest < 30_000, f"an update takes at most {largest} bytes")
        check("done" in cards[-1]["data"]["text/html"], "the card ends in its final state")
        check(any("<svg" in str(o) for o in kernel.run('run.figure("loss")')), "figures show after the restart")
        shown = [any("<svg" in str(o) for o in kernel.run('run.figure("mean")', late=0)) for _ in range(30)]
        check(all(shown), f"a value arrives before its cell is done: {sum(shown)} of {len(shown)} times")
    finally:
        kernel.end()


def lab_in_a_folder(deno: str, place: pathlib.Path) -> None:
    """A kernel in a folder of `deno task init` imports the lab by name, and values show themselves there."""
    subprocess.run([deno, "task", "init", str(place)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    kernel = Kernel(place)
    try:
        kernel.run('import { lab, openDevice } from "stitchbook"; import * as tf from "@tensorflow/tfjs";')
        kernel.run('const device = await openDevice("cpu");')
        shown = str(kernel.run('lab.datamix({ "<code>": 1, math: 3 })', late=0))
        check("75.0 % math" in shown and "&lt;code&gt;" in shown, "a datamix shows itself in a folder of its own")
        shown = str(kernel.run("tf.tensor2d([[1, 2], [3, 4]])", late=0))
        check("Tensor float32 [2, 2]" in shown and "data:image/png" in shown, "and so does a tensor")
    finally:
        kernel.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deno", required=True)
    parser.add_argument("--out")
    parser.add_argument("--only", help="restart, folder, or the start of a notebook's name")
    parser.add_argument("--write", action="store_true", help="replace the committed outputs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        register_kernel(options.deno, folder / "jupyter")
        os.environ.setdefault("STITCHBOOK_PRESET", "smoke")
        os.environ.setdefault("STITCHBOOK_RUNS", str(folder / "runs"))
        os.environ["NO_COLOR"] = "1"
        out = pathlib.Path(options.out) if options.out else folder / "executed"
        out.mkdir(parents=True, exist_ok=True)
        if options.only in (None, "restart"):
            restart_in_mid_run()
        if options.only in (None, "folder"):
            lab_in_a_folder(options.deno, folder / "a folder")
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            if path.name.startswith(options.only or ""):
                run_notebook(path, out, options.write)
    print("All notebooks passed")


if __name__ == "__main__":
    sys.exit(main())
