/** The ways to tell somebody: PagerDuty, Slack, e-mail. Each takes a notice and either has delivered it or throws. */
import type { Config } from '../../config.ts';
import type { Mailer } from '../../providers/email/mail.ts';
import type { GuardedHttp } from '../../providers/http.ts';
import { createPagerDuty } from '../../providers/pagerduty/events.ts';
import { createSlackWebhook, escapeSlack } from '../../providers/slack/webhook.ts';
import type { Channel, Severity } from './contract.ts';

export type NoticeKind = 'trigger' | 'acknowledge' | 'resolve' | 'test';

export type Notice = {
  /** Of the alert and the kind: the same key is the same notice. */
  key: string;
  /** `news` tells of something that is no alert, such as a release; it never pages. */
  kind: NoticeKind | 'news';
  /** Stable from trigger to resolve. */
  dedupKey: string;
  severity: Severity;
  title: string;
  /** What it means, what to do, since when. */
  lines: string[];
  at: Date;
};

export type Sender = {
  channel: Channel;
  /** Whether the same notice may be sent again when nobody knows whether it arrived. */
  isRepeatable: boolean;
  /** Rejects with an `UpstreamError` when it was not delivered. */
  send(notices: Notice[]): Promise<void>;
};

export type ChannelSettings = Pick<
  Config,
  'slackWebhookUrl' | 'pagerdutyRoutingKey' | 'pagerdutyBaseUrl' | 'alertEmailTo' | 'publicUrl' | 'emailFrom'
>;

/** The channels that are configured. */
export function createSenders(deps: {
  config: ChannelSettings;
  http: GuardedHttp;
  mailer: Mailer | undefined;
}): Sender[] {
  const { config, http, mailer } = deps;
  const senders: Sender[] = [];
  if (config.pagerdutyRoutingKey !== undefined) {
    senders.push(
      pagerDutySender(http, { routingKey: config.pagerdutyRoutingKey, baseUrl: config.pagerdutyBaseUrl }, config),
    );
  }
  if (config.slackWebhookUrl !== undefined) senders.push(slackSender(http, config.slackWebhookUrl));
  if (config.alertEmailTo.length > 0 && mailer !== undefined) senders.push(emailSender(mailer, config.alertEmailTo));
  return senders;
}

function pagerDutySender(
  http: GuardedHttp,
  given: { routingKey: string; baseUrl: string },
  { publicUrl }: ChannelSettings,
): Sender {
  const pagerDuty = createPagerDuty({ http, ...given });
  const one = async (notice: Notice): Promise<void> => {
    const { dedupKey } = notice;
    if (notice.kind === 'resolve' || notice.kind === 'acknowledge') {
      return pagerDuty.send({ action: notice.kind, dedupKey });
    }
    const details = { explanation: notice.lines.join('\n') };
    const { title: summary, severity, at } = notice;
    await pagerDuty.send({ action: 'trigger', dedupKey, summary, severity, at, details, source: publicUrl });
    // A test must not leave an incident open.
    if (notice.kind === 'test') await pagerDuty.send({ action: 'resolve', dedupKey });
  };
  return {
    channel: 'pagerduty',
    isRepeatable: true,
    async send(notices) {
      for (const notice of notices) await one(notice);
    },
  };
}

function slackSender(http: GuardedHttp, url: string): Sender {
  const slack = createSlackWebhook({ http, url });
  return {
    channel: 'slack',
    isRepeatable: false,
    send: (notices) => slack.post(notices.map(slackText).join('\n\n')),
  };
}

function slackText(notice: Notice): string {
  return [`*${escapeSlack(headOf(notice))}*`, ...notice.lines.map(escapeSlack)].join('\n');
}

function emailSender(mailer: Mailer, addresses: string[]): Sender {
  return {
    channel: 'email',
    isRepeatable: false,
    async send(notices) {
      const [first] = notices;
      if (first === undefined) return;
      const more = notices.length > 1 ? ` (and ${notices.length - 1} more)` : '';
      const subject = `[AVA] ${headOf(first)}${more}`;
      const text = notices.map((notice) => [headOf(notice), ...notice.lines].join('\n')).join('\n\n');
      for (const to of addresses) {
        await mailer.send({ to, subject, text, key: `alert:${to}:${keyOf(notices)}` }, { lane: 'job' });
      }
    },
  };
}

function keyOf(notices: Notice[]): string {
  return notices.map((notice) => notice.key).join('|');
}

const WORDS: Record<Notice['kind'], (severity: Severity) => string> = {
  trigger: (severity) => severity[0]!.toUpperCase() + severity.slice(1),
  acknowledge: () => 'Acknowledged',
  resolve: () => 'Over',
  test: () => 'Test',
  news: (severity) => (severity === 'info' ? 'News' : 'Attention'),
};

function headOf({ kind, severity, title }: Notice): string {
  return `${WORDS[kind](severity)}: ${title}`;
}
