/** The activity log: who did what, when. It is a read model, made from events and nothing else. */
export interface Activity {
  /** The key of the event that it was made from: one event makes one entry, however often it arrives. */
  readonly key: string;
  /** The id of that event. */
  readonly id: string;
  readonly type: string;
  /** Whom it is about; null if nobody is known. */
  readonly userId: string | null;
  /** The user who did it; null for the service itself, and for somebody who is not signed in. */
  readonly by: string | null;
  readonly time: Date;
}
