// The part of the code that is a program.
import { codeDocuments, isDeclaration } from "../code.ts";
import type { BuiltinDomain } from "../domain.ts";

export const compiler: BuiltinDomain = {
  name: "compiler",
  about: "the compiler of code",
  packages: ["typescript"],
  languages: ["code"],
  open: async () => ({ documents: (await codeDocuments()).filter(({ id }) => !isDeclaration(id)) }),
};
