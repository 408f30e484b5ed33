// The Python that notebooks and comparisons use: `$STITCHBOOK_PYTHON`, or `python3` on the PATH.

/** Command of the Python to use; npx puts Node's folder first on the PATH, which may contain another one. */
export function pythonCommand(): string {
  return Deno.env.get("STITCHBOOK_PYTHON") || "python3";
}
