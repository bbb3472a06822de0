/** Entity tags: the version of a user, in quotes (RFC 9110, 8.8.3). */

// Weak tags (W/"…") never match: If-Match compares strongly.
const STRONG_TAG = /(?:^|,)\s*"(0|[1-9][0-9]{0,14})"\s*(?=,|$)/g;

export function etag(version: number): string {
  return `"${version}"`;
}

/** The versions that an `If-Match` header allows; undefined for any. */
export function versionsOf(ifMatch: string | undefined): ReadonlySet<number> | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  return new Set(Array.from(ifMatch.matchAll(STRONG_TAG), ([, version]) => Number(version)));
}
