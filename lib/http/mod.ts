// What our HTTP servers share: who may ask, headers of every response, and listening.
export { errorType } from "./errors.ts";
export { isAllowedHost, isLoopbackAddress, isOwnPost, isSameOrigin } from "./guard.ts";
export { commonHeaders, dataByDefault } from "./headers.ts";
export { listen, peerOf, urlOf } from "./listen.ts";
