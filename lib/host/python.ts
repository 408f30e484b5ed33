// Which Python is asked for what only Python has: `$STITCHBOOK_PYTHON`, or `python3` on the path.

/** Command of the Python to use; npx puts Node's own folder first on the path, which may hold another one. */
export function pythonCommand(): string {
  return Deno.env.get("STITCHBOOK_PYTHON") || "python3";
}
