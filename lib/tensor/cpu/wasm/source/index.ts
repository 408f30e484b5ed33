// The module's exports.
export { finish, isBusy, run, setThread, start, work } from "./control";
