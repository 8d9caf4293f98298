/** Slack incoming webhook. The address is the secret; Slack gives no message id back, so a message cannot be taken for another. */
import { currentCorrelationId } from '../../correlation.ts';
import type { GuardedHttp } from '../http.ts';

export type SlackWebhook = { post(text: string): Promise<void> };

/** Longer texts are cut by Slack in places that nobody chose. */
const LONGEST_TEXT = 3_900;

export function createSlackWebhook({ http, url }: { http: GuardedHttp; url: string }): SlackWebhook {
  return {
    async post(text) {
      await http.request({
        upstream: 'slack',
        credential: null,
        operation: 'slack.post',
        method: 'POST',
        url,
        json: { text: text.slice(0, LONGEST_TEXT), unfurl_links: false, unfurl_media: false },
        // A repeat after an answer that never came would be a second message.
        repeatable: false,
        deadlineMs: 8_000,
        attemptTimeoutMs: 4_000,
        lane: 'job',
        maxAttempts: 2,
        answer: 'text',
        correlationId: currentCorrelationId(),
      });
    },
  };
}

/** Makes a text harmless: in Slack's markup these three begin links and mentions. */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
