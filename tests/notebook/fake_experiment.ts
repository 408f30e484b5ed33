// A process that behaves like an experiment: it takes the flags, writes the sample run event by event, and ends.
import { hostname } from "node:os";
import { join } from "node:path";
import { sampleEvents } from "../report/sample.ts";

const flag = (name: string) => Deno.args[Deno.args.indexOf(name) + 1]!;
if (flag("--preset") === "wrong") {
  console.error('Unknown preset "wrong"\n  hint: did you mean quick?');
  Deno.exit(2);
}
const id = flag("--id");
const folder = join(flag("--runs"), id);
const milliseconds = Number(Deno.env.get("FAKE_MS") ?? "2000");
await Deno.mkdir(folder, { recursive: true });
await Deno.writeTextFile(join(folder, "run.lock"), JSON.stringify({ host: hostname(), pid: Deno.pid, started: null }));
console.log(`the experiment says hello to ${flag("--set")}`);
const events = sampleEvents({ id });
const started = Date.now();
let text = "";
for (const [at, event] of events.entries()) {
  const due = started + (at / events.length) * milliseconds;
  if (Date.now() < due) {
    await Deno.writeTextFile(join(folder, "events.jsonl"), text, { append: true });
    text = "";
    await new Promise((wake) => setTimeout(wake, Math.max(50, due - Date.now())));
  }
  text += JSON.stringify({ ...event, time: new Date().toISOString() }) + "\n";
}
await Deno.writeTextFile(join(folder, "events.jsonl"), text, { append: true });
await Deno.remove(join(folder, "run.lock"));
