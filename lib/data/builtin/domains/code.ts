// Source code.
import { codeDocuments } from "../code.ts";
import type { BuiltinDomain } from "../domain.ts";

export const code: BuiltinDomain = {
  name: "code",
  about: "a compiler and type declarations",
  packages: ["typescript"],
  languages: ["code"],
  task: { name: "code-continuation", kind: "choice" },
  open: async () => ({ documents: await codeDocuments(), questions: () => ({ kind: "continuation" }) }),
};
