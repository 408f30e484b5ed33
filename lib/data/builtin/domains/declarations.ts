// The part of the code that declares types.
import { codeDocuments, isDeclaration } from "../code.ts";
import type { BuiltinDomain } from "../domain.ts";

export const declarations: BuiltinDomain = {
  name: "declarations",
  about: "the type declarations of code",
  packages: ["typescript"],
  languages: ["code"],
  open: async () => ({ documents: (await codeDocuments()).filter(({ id }) => isDeclaration(id)) }),
};
