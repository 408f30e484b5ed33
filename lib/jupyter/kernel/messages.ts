// Messages of Jupyter's protocol on the wire: parts with a signature.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
import { createHmac, randomUUID } from "node:crypto";
import { attempt } from "../../errors.ts";
import type { OutputMessage } from "./outputs.ts";

const DELIMITER = "<IDS|MSG>";
const VERSION = "5.3";

/** A message of a kernel. */
export interface KernelMessage extends OutputMessage {
  /** Id of the request that it belongs to; undefined for none. */
  readonly parent: string | undefined;
}

/** Signs and reads the messages of one session. */
export interface Protocol {
  /** A request, and its parts on the wire. */
  request(type: string, content: object): { readonly id: string; readonly parts: readonly string[] };
  /** A message from its parts; undefined for what is not one, or has a wrong signature. */
  read(parts: readonly Uint8Array[]): KernelMessage | undefined;
}

/** The protocol with a key that only this session and its kernel know. */
export function protocol(key: string, session: string): Protocol {
  const sign = (parts: readonly (string | Uint8Array)[]) => {
    const hmac = createHmac("sha256", key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  };
  return {
    request(type, content) {
      const id = randomUUID();
      const header = { msg_id: id, session, username: "stitchbook", date: now(), msg_type: type, version: VERSION };
      const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
      return { id, parts: [DELIMITER, sign(parts), ...parts] };
    },
    read(parts) {
      const decoder = new TextDecoder();
      const start = parts.findIndex((part) => decoder.decode(part) === DELIMITER);
      const signed = parts.slice(start + 2, start + 6);
      if (start < 0 || signed.length < 4 || decoder.decode(parts[start + 1]) !== sign(signed)) return undefined;
      return attempt(() => {
        const [header, parent, , content] = signed.map((part) => JSON.parse(decoder.decode(part)));
        return { type: String(header.msg_type), parent: parent.msg_id, content };
      });
    },
  };
}

const now = () => new Date().toISOString();
