// A process of tiny models for tests, which dies when it is asked to continue "die".
import { runInference } from "../../lib/api/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { CONFIG, tinyModels, TOKENIZER } from "./tiny-models.ts";

const DEADLY = String([TOKENIZER.endOfText, ...TOKENIZER.encode("die")]);

await runInference<{ readonly refuse: boolean }>(async ({ refuse }) => {
  if (refuse) throw new UserError("run.none", "There is no such run", "look elsewhere");
  const models = await tinyModels({}, { ...CONFIG, contextLength: 2 ** 17 });
  const { engine } = models.served;
  const { generate } = engine;
  engine.generate = (request) => {
    if (String(request.prompt) === DEADLY) Deno.exit(3);
    return generate(request);
  };
  return models;
});
