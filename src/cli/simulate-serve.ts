type ServeOptions = { port: number; host: string; seed: number; speed: number; env?: boolean; json?: boolean };

/** Runs the twins until a signal ends them. The simulator is loaded here alone: the other commands stay quick. */
export async function serveSimulator({ port, host, seed, speed, env, json }: ServeOptions): Promise<void> {
  const { startSimulator } = await import('../simulator/simulator.ts');
  const simulator = await startSimulator({ port, host, seed, timeScale: speed });
  const values = simulator.env();
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  if (json) print(JSON.stringify({ url: simulator.url, numbers: simulator.twilio.numbers, env: values }));
  else if (env) print(lines.join('\n'));
  else {
    print(`Simulator: control API at ${simulator.url}, seed ${seed}, ${speed}× speed`);
    print(`Numbers: ${simulator.twilio.numbers.join(', ')}`);
    print(`Point AVA at it with\n\n${lines.join('\n')}\n`);
  }
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await simulator.close();
  process.exit(0);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
