/** `ava serve`: the server as one process, from its settings to its last log line. */
import { inheritedSocket } from '../inherited-socket.ts';
import { createLog, type LogHandle } from '../log.ts';
import { type RunningServer, startServer } from '../serve.ts';
import { settleConfig } from './settle.ts';

export async function serve(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const settled = settleConfig(env);
  const { config } = settled;
  const logs = createLog({ level: config.logLevel, file: config.logFile });
  try {
    const server = await startServer({ ...settled, log: logs.log, socket: inheritedSocket(env) });
    stopOnSignals(server, logs);
  } catch (error) {
    logs.log.fatal({ err: error }, 'AVA could not start');
    logs.flush();
    process.exit(1);
  }
}

/** Drains on SIGTERM and Ctrl-C, opens the log anew on SIGHUP; `after` runs once the server is down. */
export function stopOnSignals(
  server: RunningServer,
  logs: LogHandle,
  after: () => Promise<void> = async () => {},
): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // A second Ctrl-C means now.
    if (stopping) return signal === 'SIGINT' ? process.exit(130) : undefined;
    stopping = true;
    logs.log.info(`${signal}: draining`);
    server
      .stop({ patient: signal === 'SIGTERM' })
      .then(after)
      .catch((error: unknown) => logs.log.error({ err: error }, 'The shutdown did not finish cleanly'))
      .finally(() => {
        logs.log.info('AVA stopped');
        logs.flush();
        process.exit(0);
      });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => logs.reopen());
  process.on('unhandledRejection', (error) =>
    logs.log.error({ err: error }, 'A promise was rejected and nobody looked'),
  );
  process.on('uncaughtException', (error) => {
    logs.log.fatal({ err: error }, 'AVA ends: an error that nothing caught');
    logs.flush();
    process.exit(1);
  });
}
