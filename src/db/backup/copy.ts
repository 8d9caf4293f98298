/** COPY as streams over the driver's own protocol, with back-pressure in both directions. */
import { Readable } from 'node:stream';
import type { Client, Submittable } from 'pg';

/** What the driver offers a statement that speaks the protocol itself; its types do not list all of it. */
type Wire = {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
  stream: { pause(): void; resume(): void; writableNeedDrain: boolean; once(event: 'drain', run: () => void): void };
};

/** The rows of `copy … to stdout` as chunks of text. Rejects with the server's error. */
export function copyOut(client: Client, text: string): AsyncIterable<Buffer> {
  let wire: Wire | undefined;
  const chunks = new Readable({ highWaterMark: 1 << 20, read: () => wire?.stream.resume() });
  const statement = {
    submit(connection: Wire) {
      wire = connection;
      connection.query(text);
    },
    handleCopyData({ chunk }: { chunk: Buffer }) {
      // The driver reads the next message into the same memory.
      if (!chunks.push(Buffer.from(chunk))) wire?.stream.pause();
    },
    handleError: (error: Error) => void chunks.destroy(error),
    handleReadyForQuery: () => void chunks.push(null),
    ...IGNORED,
  };
  client.query(statement as unknown as Submittable);
  return chunks;
}

/** Feeds `chunks` to `copy … from stdin`; resolves to the number of rows. */
export async function copyIn(client: Client, text: string, chunks: AsyncIterable<Buffer>): Promise<number> {
  return await new Promise((resolve, reject) => {
    let rows = 0;
    let fault: unknown;
    const statement = {
      submit: (connection: Wire) => connection.query(text),
      handleCopyInResponse: (connection: Wire) =>
        void feed(connection, chunks).catch((error: unknown) => {
          fault = error;
          connection.sendCopyFail('the source of the rows failed');
        }),
      handleError: (error: Error) => reject(fault ?? error),
      handleReadyForQuery: () => resolve(rows),
      ...IGNORED,
      handleCommandComplete: ({ text: tag }: { text: string }) => {
        rows = Number(tag.split(' ').at(-1));
      },
    };
    client.query(statement as unknown as Submittable);
  });
}

const IGNORED = {
  handleCommandComplete: () => {},
  handleRowDescription: () => {},
  handleDataRow: () => {},
  handlePortalSuspended: () => {},
  handleEmptyQuery: () => {},
};

async function feed(connection: Wire, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    connection.sendCopyFromChunk(chunk);
    if (connection.stream.writableNeedDrain) {
      await new Promise<void>((resolve) => connection.stream.once('drain', resolve));
    }
  }
  connection.endCopyFrom();
}
