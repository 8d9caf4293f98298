import type { Script, ScriptRun, Span, Step } from './stories.ts';
import type { Control } from './strings.ts';
import { type Time, wait } from './time.ts';

type Parts = { control: Control; time: Time; script: Script };

/** Begins a script. Throws when it is none. */
export function startScript(parts: Parts): ScriptRun {
  const { control, script } = parts;
  if (!script || !Array.isArray(script.steps)) throw new Error('A script needs a list of steps');
  for (const step of script.steps) check(step);
  const run: ScriptRun = {
    id: `script-${control.scripts().length + 1}`,
    name: script.name,
    step: 0,
    steps: script.steps.length,
    says: [],
    isDone: false,
    days: [],
  };
  void play(parts, run);
  return run;
}

async function play({ control, time, script }: Parts, run: ScriptRun): Promise<void> {
  const speedBefore = time.scale();
  if (script.speed !== undefined) control.setSpeed(script.speed);
  const startMs = time.story.monotonicMs();
  try {
    for (const step of script.steps) {
      run.step++;
      if (step.at !== undefined) await wait(time.story, spanMs(step.at) - (time.story.monotonicMs() - startMs));
      if (step.say) run.says.push(step.say);
      doStep(control, step, run);
    }
    while (run.days.some((day) => !day.isDone)) await wait(time.wire, 100);
    await control.settled();
  } catch (error) {
    run.error = (error as Error).message;
  } finally {
    control.setSpeed(speedBefore);
    run.isDone = true;
  }
}

function doStep(control: Control, step: Step, run: ScriptRun): void {
  switch (step.do) {
    case 'outage': {
      const { vendor, kind, status, dropsLiveCalls } = step;
      control.outage({
        vendor,
        ...(kind && { kind }),
        ...(status !== undefined && { status }),
        ...(dropsLiveCalls !== undefined && { dropsLiveCalls }),
        ...(step.for !== undefined && { forMs: spanMs(step.for) }),
      });
      return;
    }
    case 'restore':
      return control.restore(step.vendor);
    case 'fault': {
      const { do: _, at: __, say: ___, for: span, ...fault } = step;
      control.addFault({ ...fault, ...(span !== undefined && { forMs: spanMs(span) }) });
      return;
    }
    case 'webhooks':
      return control.troubleWebhooks(step);
    case 'person':
      return control.setPerson(step.phoneNumber, step);
    case 'call':
      void control.placeCall(step);
      return;
    case 'day':
      run.days.push(control.startDay(step));
      return;
    case 'wait':
  }
}

const VERBS = ['outage', 'restore', 'fault', 'webhooks', 'person', 'call', 'day', 'wait'];

function check(step: Step): void {
  if (!VERBS.includes(step?.do)) throw new Error(`Each step needs "do": one of ${VERBS.join(', ')}`);
  if (step.at !== undefined) spanMs(step.at);
}

/** `1:30:00`, `90:00`, `5400` and 5400 are the same. Throws for anything else. */
export function spanMs(span: Span): number {
  if (typeof span === 'number') return span * 1000;
  const parts = span.split(':').map(Number);
  if (parts.length > 3 || parts.some((part) => !Number.isFinite(part) || part < 0)) {
    throw new Error(`${span} is no time; write h:mm:ss`);
  }
  return parts.reduce((total, part) => total * 60 + part, 0) * 1000;
}
