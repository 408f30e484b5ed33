// Source code.
import { codeDocuments } from "../code.ts";
import { type BuiltinDomain, continuation } from "../domain.ts";

export const code: BuiltinDomain = {
  name: "code",
  about: "a compiler and type declarations",
  packages: ["typescript"],
  languages: ["code"],
  task: { name: "code-continuation", kind: "choice" },
  hardTask: { name: "code-passage", kind: "choice" },
  open: async ({ questions }) => ({ documents: await codeDocuments(), questions: () => continuation(questions) }),
};
