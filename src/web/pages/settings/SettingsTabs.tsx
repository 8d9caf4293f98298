import { paths } from '../../paths.ts';
import { useText } from '../../text/text.tsx';
import { Tabs } from '../../ui/Tabs.tsx';

export function SettingsTabs() {
  const { settings } = useText();
  return (
    <Tabs
      label={settings.title}
      tabs={[
        { to: paths.vapiRemoteSettings(), name: settings.tabs.remote },
        { to: paths.vapiSettings(), name: settings.tabs.vapi, exact: true },
        { to: paths.callRules(), name: settings.tabs.calls },
        { to: paths.accountSettings(), name: settings.tabs.account },
      ]}
    />
  );
}
