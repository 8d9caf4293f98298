/** Talks to the control API of a simulator that runs somewhere else. */
export type ControlClient = {
  url: string;
  get<T>(path: string): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
};

/** Throws a sentence for a person when the simulator is not there or refuses. */
export function createControlClient(url: string): ControlClient {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(new URL(path, url), {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    }).catch((error: Error) => {
      const reason = (error.cause as Error | undefined)?.message ?? error.message;
      throw new Error(
        `No simulator answers at ${url} (${reason}). Start one with \`ava simulate serve\` or \`ava demo\`.`,
      );
    });
    const reply = (await answer.json()) as T & { error?: string };
    if (!answer.ok) throw new Error(reply.error ?? `The simulator answered ${answer.status}`);
    return reply;
  };
  return { url, get: (path) => ask('GET', path), send: ask };
}
