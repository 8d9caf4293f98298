/** Asks as a vendor does, from a process of its own: some `assistant-request`s, one after the other, each on a connection of its own. */
const { url, secret, bodies } = JSON.parse(process.env['ASK']!) as { url: string; secret: string; bodies: string[] };
const times: number[] = [];
process.once('message', () => void ask());
process.send?.({ ready: true });

async function ask(): Promise<void> {
  for (const body of bodies) {
    const startedMs = performance.now();
    const answer = await fetch(`${url}/webhooks/vapi`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-vapi-secret': secret, connection: 'close' },
      body,
    });
    await answer.text();
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    times.push(performance.now() - startedMs);
  }
  process.send?.({ times });
}
