// Which domains a run has: own ones and built-in ones, as a map, as a list, and in the settings of older versions.
import assert from "node:assert/strict";
import { builtinNames, DOMAINS } from "../../lib/data/builtin/registry.ts";
import { type DataConfig, dataConfigSchema } from "../../lib/data/config.ts";
import { namedTasks } from "../../lib/data/domains.ts";
import { METHOD_NAMES } from "../../lib/methods.ts";

const read = (data: object): DataConfig => dataConfigSchema.parse(data);
const domainsOf = (data: object) => read(data).domains;
const builtin = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "builtin"]));

function refuses(data: object, path: string, message: RegExp): void {
  const { success, error } = dataConfigSchema.safeParse(data);
  assert.ok(!success, JSON.stringify(data));
  const issues = error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  assert.deepEqual(issues.map((issue) => issue.path), [path], JSON.stringify(data));
  assert.match(issues[0]!.message, message);
}

Deno.test("own domains are beside the default ones, unless built-in ones are chosen or left out", () => {
  const law = { law: "laws/*.txt" };
  const cases: [given: object, domains: object][] = [
    [{}, builtin(DOMAINS)],
    [{ builtin: "all" }, builtin(DOMAINS)],
    [{ domains: law }, { ...builtin(DOMAINS), ...law }],
    [{ domains: law, builtin: "none" }, law],
    [{ domains: { ...law, speeches: "builtin" } }, { ...law, speeches: "builtin" }],
    [{ domains: ["code", "novel"] }, builtin(["code", "novel"])],
    [{ domains: { code: "lib/*.ts" } }, { ...builtin(DOMAINS), code: "lib/*.ts" }],
    [{ code: "lib/*.ts" }, { ...builtin(DOMAINS), code: "lib/*.ts" }],
    [{ code: "lib/*.ts", domains: law }, { ...builtin(DOMAINS), code: "lib/*.ts", ...law }],
    [{ code: "lib/*.ts", domains: ["code"] }, { code: "lib/*.ts" }],
    [{ code: "lib/*.ts", domains: { code: "lib/*.ts" } }, { ...builtin(DOMAINS), code: "lib/*.ts" }],
    [{ code: "lib/*.ts", domains: law, builtin: "none" }, { ...law, code: "lib/*.ts" }],
    // An older configuration names the source of every default domain, in use or not.
    [{ ...builtin(DOMAINS), domains: ["math", "english"] }, builtin(["math", "english"])],
    [{ ...builtin(DOMAINS), domains: ["math", "code"], code: "a.txt" }, { math: "builtin", code: "a.txt" }],
  ];
  for (const [given, domains] of cases) {
    const found = domainsOf(given);
    assert.deepEqual(found, domains, JSON.stringify(given));
    assert.deepEqual(Object.keys(found), Object.keys(domains), `the order of ${JSON.stringify(given)}`);
    assert.deepEqual(domainsOf(read(given)), domains, "what was read reads the same again");
    assert.deepEqual(read(read(given)), read(given));
  }
});

Deno.test("a list and a map of the same domains read the same", () => {
  assert.deepEqual(read({ domains: ["code", "novel"] }), read({ domains: builtin(["code", "novel"]) }));
});

Deno.test("names are letters, digits, - and _, not taken by anything else, and given once", () => {
  for (const name of ["law", "Law_2", "x-y", "Gedichte", "français", "法律", "7", "हिन्दी", "ไทยนี้", "e\u0301"]) {
    assert.equal(domainsOf({ domains: { [name]: "a.txt" } })[name], "a.txt");
  }
  const named = (name: string, message: RegExp) =>
    refuses({ domains: { [name]: "a.txt" } }, `domains.${name}`, message);
  for (const name of ["my law", "a/b", "a.b", "", "a:b", "§", "a\n", "..", "\u0301e", "😀"]) {
    named(name, /use only letters, digits, "-" and "_"$/);
  }
  named("x".repeat(65), /at most 64/);
  for (const name of [...METHOD_NAMES, "BTS"]) named(name, /name of a method/);
  for (const name of ["mean", "expert", "builtin", "toString", "constructor"]) named(name, /is a reserved word/);
  refuses({ domains: { law: "a", Law: "b" } }, "domains.Law", /differ only in case/);
  refuses({ domains: { "é": "a", "e\u0301": "b" } }, "domains.e\u0301", /Unicode form/);
  refuses({ domains: ["english", "english"] }, "domains", /names "english" twice/);
  refuses(
    { domains: ["english", "my-laws"] },
    "domains",
    /no built-in domain "my-laws".*data\.domains\.my-laws='my-laws/,
  );
  refuses({ domains: ["english", "novle"] }, "domains", /did you mean "novel"/);
  refuses({ domains: { law: "builtin" } }, "domains.law", /no built-in domain "law"/);
  refuses({ domains: { novle: "builtin" } }, "domains.novle", /did you mean "novel"/);
  refuses({ code: "a.txt", domains: { code: "b.txt" } }, "code", /data\.domains\.code is the same setting/);
  refuses({ code: "a.txt", domains: ["english"] }, "code", /does not list code/);
  refuses({ builtin: "none" }, "builtin", /there are no domains/);
  refuses({ tasks: { low: "q.jsonl" }, domains: { law: "a" } }, "tasks.low", /no domain "low".*did you mean "law"/);
});

Deno.test("every built-in domain is named once, and its tasks are those of the domains in use", () => {
  assert.equal(new Set(builtinNames).size, builtinNames.length);
  assert.deepEqual(builtinNames.slice(0, DOMAINS.length), DOMAINS);
  const names = (data: object) => namedTasks(read(data)).map(({ name, domain }) => `${domain}: ${name}`);
  assert.deepEqual(names({}), [
    "english: english-continuation",
    "code: code-continuation",
    "math: arithmetic",
    "multilingual: translation",
  ]);
  assert.deepEqual(names({ domains: ["math", "arithmetic", "rights"] }), ["math: arithmetic"]);
  assert.deepEqual(names({ math: "a.txt", builtin: "none" }), []);
  assert.deepEqual(names({ domains: { law: "a" }, builtin: "none", tasks: { law: "q" } }), ["law: law-questions"]);
});
