import { useText } from '../../text/text.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Page } from '../../ui/Page.tsx';
import { useSearchParam } from '../../ui/search-param.ts';
import { VapiCredential } from '../settings/VapiCredential.tsx';
import { Calendars } from './Calendars.tsx';
import { EmailTest } from './EmailTest.tsx';
import { TwilioCredential } from './TwilioCredential.tsx';

export default function IntegrationsPage() {
  const { integrations } = useText();
  // The provider of a calendar sends the browser back with its answer in the address.
  const result = useSearchParam('result');
  const sentence = result === undefined ? undefined : integrations.results[result];
  return (
    <Page title={integrations.title} lead={integrations.lead}>
      {sentence !== undefined && <Notice tone={result === 'connected' ? 'info' : 'warn'}>{sentence}</Notice>}
      <VapiCredential />
      <TwilioCredential />
      <Calendars />
      <EmailTest />
    </Page>
  );
}
