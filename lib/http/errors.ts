// The kinds of errors, as OpenAI's clients know them.

/** The `type` of an error: who must do something about it, the client or the server. */
export function errorType(status: number): "invalid_request_error" | "rate_limit_error" | "server_error" {
  if (status >= 500) return "server_error";
  return status === 429 ? "rate_limit_error" : "invalid_request_error";
}
