// How many texts may be in progress or wait at a time: memory stays bounded, and clients hear when to come back.
import { ApiError, invalidParameter } from "./errors.ts";

/** The places of a server. */
export interface Admission {
  /** Texts in progress or waiting. */
  readonly taken: number;
  /**
   * Takes places for the texts of one request; disposing frees them.
   *
   * @throws ApiError 429 if not as many are free, 400 if there never are
   */
  enter(texts: number): Disposable;
}

/** Seconds after which a client may try again. */
const RETRY_AFTER_S = 1;

/** @param places texts in progress or waiting at a time */
export function admission(places: number): Admission {
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    enter(texts) {
      if (texts > places) {
        throw invalidParameter(
          "prompt",
          `The request asks for ${texts} texts (prompts × n); this server takes at most ${places} at a time`,
          "array_above_max_length",
        );
      }
      if (taken + texts > places) {
        throw new ApiError(429, "rate_limit_exceeded", `The queue is full: ${taken} texts are in progress or waiting`, {
          headers: { "retry-after": String(RETRY_AFTER_S) },
        });
      }
      taken += texts;
      let free = false;
      return {
        [Symbol.dispose]() {
          if (!free) taken -= texts;
          free = true;
        },
      };
    },
  };
}
