// Public API: running generated programs without permissions and within limits.
export { type Encoded, encodedEquals, encodedText } from "./encoded.ts";
export { DEFAULT_LIMITS, type Protection, type SandboxLimits } from "./limits.ts";
export { type CallResult, type FailureKind, type SandboxedProgram, startProgram } from "./program.ts";
export { machineProtection } from "./protection.ts";
