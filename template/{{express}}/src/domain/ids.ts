/** Ids that are made from names (UUID version 5, RFC 9562): the same name has the same id, in every language. */

import { createHash } from "node:crypto";

/** The namespace of URLs. */
export const NAMESPACE_URL = "6ba7b8119dad11d180b400c04fd430c8";

/** The namespace of object identifiers. */
export const NAMESPACE_OID = "6ba7b8129dad11d180b400c04fd430c8";

/** The id of a name within a namespace, in 32 hexadecimal digits. */
export function nameBasedId(namespace: string, name: string): string {
  const digest = createHash("sha1").update(Buffer.from(namespace, "hex")).update(name).digest().subarray(0, 16);
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6); // The version,
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8); // and the variant.
  return digest.toString("hex");
}
