// Prints what `deno task serve` may do once it has given up what only a server of models needs.
import { giveUpPermissions } from "../../lib/cli/serve.ts";

await giveUpPermissions();
const state = async (descriptor: Deno.PermissionDescriptor) => (await Deno.permissions.query(descriptor)).state;
console.log(JSON.stringify({
  run: await state({ name: "run" }),
  loopback: await state({ name: "net", host: "127.0.0.1" }),
  all: await state({ name: "net", host: "0.0.0.0" }),
  write: await state({ name: "write" }),
}));
