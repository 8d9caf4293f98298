/** What goes wrong with the webhooks of the Vapi twin on purpose. Shares run from 0 to 1. */
export type WebhookTrouble = {
  /** Share that is never sent. */
  lost?: number;
  /** Share that is sent twice. */
  repeated?: number;
  /** Each waits up to this long, so that they overtake each other. */
  delayedUpToMs?: number;
};
