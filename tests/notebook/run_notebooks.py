"""Executes every notebook in real Jupyter and checks what it shows; then restarts a kernel in the middle of a run.

Usage: python3 run_notebooks.py --deno <path of deno> [--out <folder for the executed notebooks>] [--only restart|notebooks]

Needs nbclient and jupyter_client. The Deno kernel is registered in a temporary folder: nothing is installed.
"""

import argparse
import json
import os
import pathlib
import queue
import sys
import tempfile
import time

import nbformat
from jupyter_client import KernelManager
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000


def register_kernel(deno: str, folder: pathlib.Path) -> None:
    """Writes the kernelspec that `deno jupyter --install` writes, where only this process looks."""
    spec = folder / "kernels" / "deno"
    spec.mkdir(parents=True)
    argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Deno", "language": "typescript"}))
    os.environ["JUPYTER_PATH"] = str(folder)


def html_of(cell) -> str:
    parts = []
    for output in cell.get("outputs", []):
        html = output.get("data", {}).get("text/html", "")
        parts.append(html if isinstance(html, str) else "".join(html))
    return "\n".join(parts)


def check(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def run_notebook(path: pathlib.Path, out: pathlib.Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    clean = all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    check(clean, f"{path.name} is committed without outputs")
    started = time.monotonic()
    client = NotebookClient(
        notebook, timeout=900, kernel_name="deno", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    executed = out / path.name
    nbformat.write(notebook, executed)
    print(f"{path.name}: {time.monotonic() - started:.0f} s, {executed.stat().st_size:,} bytes", flush=True)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        for output in cell.outputs:
            check(output.output_type != "error", f"no error in {cell.source.splitlines()[0]!r}")
            stderr = output.output_type == "stream" and output.name == "stderr"
            check(not stderr, f"nothing on stderr in {cell.source.splitlines()[0]!r}")
        source, html = cell.source, html_of(cell)
        if '.show("results")' in source:
            check("<table>" in html and "BTS" in html, f"{source!r} shows a table with BTS")
        elif "run.show(" in source:
            check("<svg" in html and "</svg>" in html, f"{source!r} shows an SVG figure")
        if ".watch()" in source:
            cards = [o for o in cell.outputs if "text/html" in o.get("data", {})]
            check(len(cards) == 1, f"{source!r} shows one card, updated in place")
            check("done" in html and "▸" not in html, f"the card of {source!r} ends in its final state")
        if "model.generate(" in source:
            # A model this small may write nothing but a line break, so the question beside its answer is looked for.
            written = "".join(output.text for output in cell.outputs if output.output_type == "stream")
            check("What is 3 plus 4? ->" in written, f"{source!r} prints what the model writes")
        if "attach(" in source and "import" not in source:
            check("done" in html, "a run that was attached to shows its card")
    check(executed.stat().st_size < MEGABYTE, f"{path.name} stays under 1 MB with its outputs")


class Kernel:
    """A Deno kernel, driven message by message."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="deno")
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"))
        self.connect()

    def connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source: str, timeout: float = 120) -> list:
        """Executes and returns the outputs' contents; an error ends the test."""
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
                deadline = min(deadline, time.monotonic() + 0.3)
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
    os.environ["FAKE_MS"] = "8000"
    module = 'import { attach, startRun } from "../lib/notebook/mod.ts";'
    kernel = Kernel()
    try:
        kernel.run(module)
        said = kernel.run(
            'const run = await startRun({ experiment: "tests/notebook/fake_experiment.ts" }); console.log(run.id)'
        )
        run_id = said[0]["text"].strip()
        kernel.restart()
        kernel.run(module)
        status = kernel.run(f'const run = await attach("{run_id}"); console.log((await run.view()).status)')
        check(status[0]["text"].strip() == "running", "the run goes on while its kernel restarts")
        outputs = kernel.run("await run.watch()")
        cards = [o for o in outputs if "text/html" in o.get("data", {})]
        check(len(cards) >= 3, f"the card was updated live ({len(cards)} times)")
        check(len({o["transient"]["display_id"] for o in cards}) == 1, "all updates have one display_id")
        spent = sum(len(json.dumps(o["data"])) for o in cards)
        check(spent < 8 * 1_500 + 3 * 3_072, f"the updates took {spent} bytes in about 8 s")
        check("done" in cards[-1]["data"]["text/html"], "the card ends in its final state")
        check(any("<svg" in str(o) for o in kernel.run('await run.show("loss");')), "figures show after the restart")
    finally:
        kernel.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deno", required=True)
    parser.add_argument("--out")
    parser.add_argument("--only", choices=["notebooks", "restart"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        register_kernel(options.deno, folder / "jupyter")
        os.environ.setdefault("STITCHBOOK_PRESET", "smoke")
        os.environ.setdefault("STITCHBOOK_RUNS", str(folder / "runs"))
        os.environ["NO_COLOR"] = "1"
        out = pathlib.Path(options.out) if options.out else folder / "executed"
        out.mkdir(parents=True, exist_ok=True)
        if options.only != "notebooks":
            restart_in_mid_run()
        if options.only != "restart":
            for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
                run_notebook(path, out)
    print("All notebooks passed")


if __name__ == "__main__":
    sys.exit(main())
