// The module's exports.
export { run, setThread, work } from "./control";
