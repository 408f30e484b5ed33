// ZeroMQ, in a module of its own: it is native code, which may not load on a system.
// @ts-types="./zeromq.d.ts"
export { Dealer, Subscriber } from "zeromq";
