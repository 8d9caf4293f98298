/** The command `ava`. A server that starts does not read first what all the other commands need: those are in commands.ts. */
import { EXIT } from './settle.ts';

// `ava … | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const words = process.argv.slice(2);
const isServe = words.length === 1 && words[0] === 'serve';

try {
  if (isServe) await (await import('./serve.ts')).serve();
  else await (await import('./commands.ts')).runCommand();
} catch (error) {
  process.stderr.write(`ava: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT.failed;
}
