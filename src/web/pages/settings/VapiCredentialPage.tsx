import { useText } from '../../text/text.tsx';
import { Page } from '../../ui/Page.tsx';
import { SettingsTabs } from './SettingsTabs.tsx';
import { VapiCredential } from './VapiCredential.tsx';

export default function VapiCredentialPage() {
  const { settings } = useText();
  return (
    <Page title={settings.tabs.vapi} above={<SettingsTabs />}>
      <VapiCredential />
    </Page>
  );
}
