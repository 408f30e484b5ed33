"""Checks notebooks and scripts that Stitchbook wrote with the programs that read them: nbformat, nbconvert, jupytext.

Usage: python3 others.py <folder>

In the folder: run.ipynb, a run that was exported; again.ipynb, the same executed again; run.ts, the same as a script.

Needs nbformat, nbconvert and jupytext.
"""

import pathlib
import sys

import jupytext
import nbformat
from nbconvert import HTMLExporter


def check(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    exported, again = (nbformat.read(folder / name, as_version=4) for name in ("run.ipynb", "again.ipynb"))
    for name, notebook in (("run.ipynb", exported), ("again.ipynb", again)):
        nbformat.validate(notebook)
        check(notebook.nbformat_minor == 5, f"{name} is a valid notebook of nbformat 4.5")
    rewritten = nbformat.writes(exported) + "\n"
    check(rewritten == (folder / "run.ipynb").read_text(), "nbformat writes the same bytes")

    shown = 0
    for one, other in zip(code_cells(exported), code_cells(again), strict=True):
        if one.outputs != other.outputs:
            raise SystemExit(f"FAILED: {one.source!r} shows another thing when it is executed again: {other.outputs}")
        shown += 1
    check(shown > 5, f"all {shown} cells show the same when they are executed again")

    figures = sum("image/svg+xml" in output.data for cell in code_cells(exported) for output in cell.outputs)
    html, _ = HTMLExporter().from_notebook_node(exported)
    check(figures > 3 and html.count("image/svg+xml") + html.count("<svg") >= figures, f"nbconvert shows {figures} figures")
    check("<table" in html and "Traceback" not in html, "nbconvert shows tables")

    read = jupytext.read(folder / "run.ts", fmt="ts:percent")
    cells = [[(cell.cell_type, cell.source) for cell in notebook.cells] for notebook in (exported, read)]
    check(cells[0] == cells[1], f"jupytext reads the same {len(cells[0])} cells from the script")


if __name__ == "__main__":
    main()
