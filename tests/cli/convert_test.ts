// `deno task convert`: files there and back, and mistakes that write nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { convertCommand } from "../../lib/cli/convert.ts";
import { explainError, UserError } from "../../lib/errors.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { withFolder } from "../run/fixtures.ts";

async function convert(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await convertCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("`convert` writes a script as a notebook beside it, and back", () =>
  withFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const script = await Deno.readTextFile(join(repositoryRoot, "experiments/bts.ts"));
    await Deno.writeTextFile(path("a.b.ts"), script);
    assert.match(await convert(path("a.b.ts"), "--to", "ipynb"), /^Converted a\.b\.ts to .*a\.b\.ipynb \(\d+ cells\)$/);
    await convert(path("a.b.ipynb"), "--to", "ts", "--output", path("c.ts"));
    assert.equal(await Deno.readTextFile(path("c.ts")), script);
    const notebook = join(repositoryRoot, "notebooks/03-gates.ipynb");
    const said = await convert(notebook, "--to", "ts", "--output", path("c.ts"), "--force");
    assert.match(said, /; its \d+ outputs stay in the notebook alone$/);
    assert.match(await Deno.readTextFile(path("c.ts")), /^\/\/ %% .*tags=\["parameters"\]\nconst preset = /m);
    assert.deepEqual(names(folder), ["a.b.ipynb", "a.b.ts", "c.ts"]);
  }));

Deno.test("`convert` refuses what it cannot convert, and writes nothing", () =>
  withFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    await Deno.writeTextFile(path("a.ts"), "1;\n");
    await Deno.writeTextFile(path("b.ts"), "2;\n");
    await Deno.writeTextFile(path("b.ipynb"), "not a notebook");
    await Deno.writeTextFile(path("old.ipynb"), '{"nbformat": 3, "nbformat_minor": 0}');
    await Deno.writeTextFile(
      path("python.ipynb"),
      '{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3"}}, "cells": []}',
    );
    await Deno.writeTextFile(path("text.py"), "print(1)");
    const before = names(folder);
    for (
      const [args, message] of [
        [["a.ts", "--to", "ts"], /a\.ts is a script already\n.*--to ipynb/],
        [["b.ipynb", "--to", "ipynb"], /is a notebook already\n.*--to ts/],
        [["b.ts", "--to", "ipynb"], /b\.ipynb": it already exists\n.*--force/],
        [["b.ipynb", "--to", "ts"], /is not a notebook: it is not JSON/],
        [["old.ipynb", "--to", "ts"], /in nbformat 3\.0: expected nbformat 4/],
        [["python.ipynb", "--to", "ts"], /is for the kernel python3: expected TypeScript/],
        [["text.py", "--to", "ipynb"], /text\.py is not a script: expected \.ts/],
        [["none.ts", "--to", "ipynb"], /there is no such file/],
        [["a.ts", "--to", "py"], /Allowed choices are ipynb, ts/],
        [["a.ts"], /--to/],
      ] as [string[], RegExp][]
    ) {
      const [file, ...rest] = args;
      await assert.rejects(
        convert(path(file!), ...rest),
        (error) => error instanceof UserError && message.test(explainError(error)),
        args.join(" "),
      );
    }
    assert.deepEqual(names(folder), before);
  }));
