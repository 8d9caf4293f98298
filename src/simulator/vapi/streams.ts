import type { Org, Stored } from './store.ts';
import type { VapiTwin } from './twin.ts';

/** A call that waits for Twilio to connect its sound. */
export type Stream = { org: Org; call: Stored };

const waiting = new WeakMap<VapiTwin, Map<string, Stream>>();

/** Makes the address at which Twilio brings the caller's sound, and the TwiML that says so. Good for one connection. */
export function openStream(twin: VapiTwin, org: Org, call: Stored): { twiml: string } {
  const url = `${twin.url.replace('http', 'ws')}/stream/${call.id}/${twin.random.hex(24)}`;
  streamsOf(twin).set(url, { org, call });
  const twiml = `<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="${url}"/></Connect></Response>`;
  return { twiml };
}

/** The call behind a stream address; undefined when it is unknown or was used before. */
export function takeStream(twin: VapiTwin, url: string): Stream | undefined {
  const streams = streamsOf(twin);
  const stream = streams.get(url);
  streams.delete(url);
  return stream;
}

function streamsOf(twin: VapiTwin): Map<string, Stream> {
  let streams = waiting.get(twin);
  if (!streams) waiting.set(twin, (streams = new Map()));
  return streams;
}
