/** The places of the shell's navigation, in order. */
import {
  Activity,
  Bot,
  FileClock,
  Hash,
  Inbox,
  LifeBuoy,
  type LucideIcon,
  PhoneCall,
  Plug,
  Rocket,
  Send,
  Settings2,
  BellRing,
  Users,
  Zap,
} from 'lucide-react';
import { paths } from '../paths.ts';
import type { Text } from '../text/en.ts';
import type { Needs } from '../session/use-session.ts';

export type Place = {
  to: string;
  name: (text: Text) => string;
  icon: LucideIcon;
  exact?: boolean;
  needs?: Needs;
};

export type Section = { title: (text: Text) => string; places: Place[] };

export const SECTIONS: Section[] = [
  {
    title: (text) => text.shell.sections.operate,
    places: [
      { to: paths.now(), name: (text) => text.shell.nav.now, icon: Activity, exact: true },
      { to: paths.calls(), name: (text) => text.shell.nav.calls, icon: PhoneCall },
      { to: paths.messages(), name: (text) => text.shell.nav.messages, icon: Send },
    ],
  },
  {
    title: (text) => text.shell.sections.configure,
    places: [
      { to: paths.numbers(), name: (text) => text.shell.nav.numbers, icon: Hash },
      { to: paths.assistants(), name: (text) => text.shell.nav.assistants, icon: Bot },
      { to: paths.settings(), name: (text) => text.shell.nav.settings, icon: Settings2 },
      { to: paths.integrations(), name: (text) => text.shell.nav.integrations, icon: Plug },
      { to: paths.members(), name: (text) => text.shell.nav.members, icon: Users },
    ],
  },
  {
    title: (text) => text.shell.sections.system,
    places: [
      { to: paths.circuitBreakers(), name: (text) => text.shell.nav.circuitBreakers, icon: Zap, exact: true },
      { to: paths.webhooks(), name: (text) => text.shell.nav.webhooks, icon: Inbox, needs: 'operator' },
      { to: paths.alerts(), name: (text) => text.shell.nav.alerts, icon: BellRing, needs: 'operator' },
      { to: paths.audit(), name: (text) => text.shell.nav.audit, icon: FileClock },
      { to: paths.releases(), name: (text) => text.shell.nav.releases, icon: Rocket, needs: 'operator' },
      { to: paths.support(), name: (text) => text.shell.nav.support, icon: LifeBuoy },
    ],
  },
];

export const PLACES: Place[] = SECTIONS.flatMap((section) => section.places);
