/** Who a caller reaches, as a sign: the same icon and colour everywhere. */
import { Bot, CircleSlash, type LucideIcon, MessageSquareText, Minus, PhoneOff, User, Voicemail } from 'lucide-react';
import { useText } from '../text/text.tsx';
import { Badge, type Tone, TONES } from './Badge.tsx';
import { classes } from './classes.ts';

const LOOKS: Record<string, { icon: LucideIcon; tone: Tone }> = {
  ai: { icon: Bot, tone: 'good' },
  person: { icon: User, tone: 'info' },
  voicemail: { icon: Voicemail, tone: 'warn' },
  sentence: { icon: MessageSquareText, tone: 'warn' },
  nobody: { icon: PhoneOff, tone: 'bad' },
  failed: { icon: CircleSlash, tone: 'bad' },
  none: { icon: Minus, tone: 'neutral' },
};

export function RouteBadge({ route }: { route: string }) {
  const { outcomes } = useText();
  const look = LOOKS[route];
  const Icon = look?.icon ?? CircleSlash;
  return (
    <Badge tone={look?.tone ?? 'neutral'} icon={<Icon aria-hidden />}>
      {outcomes[route] ?? route}
    </Badge>
  );
}

export function RouteIcon({ route }: { route: string }) {
  const look = LOOKS[route];
  const Icon = look?.icon ?? CircleSlash;
  return (
    <span
      aria-hidden
      className={classes(
        'flex size-9 shrink-0 items-center justify-center rounded-full',
        TONES[look?.tone ?? 'neutral'],
      )}
    >
      <Icon className="size-4.5" strokeWidth={1.9} />
    </span>
  );
}
