import { startDay } from './day.ts';
import type { DayRun, ScriptRun } from './stories.ts';
import type { Control, Status } from './strings.ts';
import type { Random } from './random.ts';
import { startScript } from './script.ts';
import type { Sinks } from './sinks/sinks.ts';
import type { Telephony } from './telephony/telephony.ts';
import type { TwilioTwin } from './twilio/twin.ts';
import type { VapiTwin } from './vapi/twin.ts';
import type { World } from './world.ts';

type Parts = {
  world: World;
  vapi: VapiTwin;
  twilio: TwilioTwin;
  sinks: Sinks;
  telephony: Telephony;
  random: Random;
};

export function createControl(parts: Parts): Control {
  const { world, vapi, twilio, sinks, telephony, random } = parts;
  const { faults, ledger } = world;
  const days: DayRun[] = [];
  const scripts: ScriptRun[] = [];
  const control: Control = {
    addFault: (fault) => faults.add(fault),
    removeFault: (id) => faults.remove(id),
    clearFaults: (vendor) => faults.clear(vendor),
    faults: () => faults.list(),
    outage({ vendor, forMs, kind = 'status', status = 503, dropsLiveCalls }) {
      if (vendor === 'vapi' && dropsLiveCalls) telephony.dropConversations();
      return faults.add({ vendor, kind, status, ...(forMs !== undefined && { forMs }) });
    },
    restore: (vendor) => faults.clear(vendor),

    requests: (filter) => ledger.list(filter),
    countRequests: (filter) => ledger.count(filter),
    clearRequests: () => ledger.clear(),

    addVapiOrg: (given) => vapi.addOrg(given),
    addTwilioAccount: (given) => twilio.addAccount(given),
    troubleWebhooks: (trouble) => telephony.webhooks.trouble(trouble),

    placeCall: (order) => telephony.placeCall(order),
    sendText: (order) => telephony.sendText(order),
    setPerson: (phoneNumber, person) => telephony.people.set(phoneNumber, person),
    callResults: () => telephony.results,
    settled: () => telephony.settled(),

    numbers: () =>
      twilio.accounts
        .flatMap((account) => account.numbers.all())
        .filter((number) => number.voice_url !== '')
        .map((number) => String(number.phone_number)),
    startDay: (order) => kept(days, startDay({ control, random, time: world.time, order })),
    startScript: (script) => kept(scripts, startScript({ control, time: world.time, script })),
    days: () => days,
    scripts: () => scripts,
    setSpeed: (timeScale) => world.time.setScale(timeScale),

    inboxes: sinks,
    status: () => statusOf(parts),
  };
  return control;
}

function kept<T>(list: T[], run: T): T {
  list.push(run);
  return run;
}

function statusOf({ world, sinks, telephony }: Parts): Status {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of telephony.results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const requests: Record<string, number> = {};
  for (const { vendor } of world.ledger.list()) requests[vendor] = (requests[vendor] ?? 0) + 1;
  return {
    now: world.time.story.now().toISOString(),
    seed: world.seed,
    speed: world.time.scale(),
    faults: world.faults.list(),
    calls: { live: telephony.liveCalls(), done: telephony.results.length, outcomes },
    requests,
    inboxes: {
      mail: sinks.mailbox.mails.length,
      resend: sinks.resend.mails.length,
      slack: sinks.slack.messages.length,
      pagerduty: sinks.pagerduty.alerts.length,
      google: sinks.google.events.length,
      microsoft: sinks.microsoft.events.length,
    },
  };
}
