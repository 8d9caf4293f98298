import type { Text } from '../en.ts';
import type { CheckSaid, ServerEntry } from '../en/server.ts';
import { ALERTS } from './alerts.ts';
import { CHECK_VALUES, CHECK_WORDS } from './check-words.ts';
import { CHECKS } from './checks.ts';

export const server: Text['server'] = {
  timeline: sentenceOf,
  warning: (code) => WARNINGS[code],
  alert: (rule) => ALERTS[rule],
  check: (id) => CHECKS[id],
  checkSaid,
  assistantStep: 'L’assistant répond. S’il fait défaut, la suite de ce plan prend le relais.',
  ringStep: (name, seconds) => `${name} est appelé pendant ${seconds} secondes.`,
  ringAllStep: (seconds) => `Tout le monde est appelé en même temps pendant ${seconds} secondes.`,
};

const WARNINGS: Record<string, string> = {
  no_assistant: 'Aucun assistant n’est attribué : le plan de secours prend tous les appels.',
  no_fallback:
    'Sans personne ni messagerie, les appelants n’entendent qu’une phrase quand l’assistant ne peut pas répondre.',
  static_fallback_missing:
    'FALLBACK_URL n’est pas défini : si AVA tombe entièrement, les appelants n’ont pas de réponse. Exportez les documents avec « ava fallback export ».',
  trunk_overrides:
    'Le numéro appartient à un trunk SIP Elastic : Twilio ignore son adresse vocale. Retirez-le du trunk.',
  application_overrides:
    'Le numéro appartient à une application TwiML : Twilio ignore son adresse vocale. Retirez l’application.',
  not_at_vapi: 'Le numéro n’est pas importé dans Vapi : en mode bascule, personne n’y répond.',
  voice_url_changed: 'L’adresse vocale chez Twilio n’est pas celle d’AVA. AVA va la remettre.',
  fallback_url_changed: 'L’adresse de secours chez Twilio n’est pas celle d’AVA. AVA va la remettre.',
  not_provisioned: 'Twilio n’a pas encore pris ce routage. AVA réessaie d’elle-même.',
};

const TIMELINE: Record<string, string> = {
  voice: 'Twilio a demandé que faire de l’appel.',
  'status-update:queued': 'Vapi a pris l’appel en charge.',
  'status-update:ringing': 'Vapi : ça sonne.',
  'status-update:in-progress': 'L’assistant parle avec l’appelant.',
  'status-update:forwarding': 'L’assistant transfère l’appel.',
  'status-update:ended': 'Vapi : l’appel est terminé.',
  'end-of-call-report': 'Le rapport de Vapi sur l’appel est arrivé.',
  'tool-calls': 'L’assistant a utilisé un outil.',
  hang: 'L’assistant a tardé à répondre.',
  recording: 'Un enregistrement est prêt.',
  recovered: 'Retrouvé par comparaison : ses webhooks n’étaient pas arrivés.',
  reconciled: 'Comparé à la liste du fournisseur.',
  'status:initiated': 'Twilio : lancé.',
  'status:ringing': 'Twilio : ça sonne.',
  'status:in-progress': 'Twilio : en cours.',
  'status:completed': 'Twilio : terminé.',
  'status:busy': 'Twilio : occupé.',
  'status:no-answer': 'Twilio : sans réponse.',
  'status:canceled': 'Twilio : annulé.',
  'status:failed': 'Twilio : échec.',
};

const ROUTES: Record<string, string> = {
  ai: 'l’assistant prend l’appel',
  person: 'des personnes sont appelées',
  voicemail: 'l’appelant peut laisser un message',
  sentence: 'l’appelant entend une phrase',
  end: 'l’appel se termine',
};

const EFFECTS: Record<string, string> = {
  email: 'Un e-mail',
  ring: 'La réponse à un appel entrant',
  'call.told': 'Le courriel sur l’appel',
  'call.place': 'L’ordre de passer un appel',
  'assistant.tool': 'La demande de l’assistant à un outil',
  sms: 'Un SMS',
};

const STATES: Record<string, string> = {
  planned: 'attend de partir',
  started: 'est en route',
  done: 'est parti, une seule fois',
  refused: 'a été refusé, sans aucun effet',
  unknown: 'est peut-être parti : sans réponse, il n’est pas répété à l’aveugle',
  given_up: 'a été abandonné : toutes les tentatives ont échoué',
};

const CHANGES: Record<string, string> = {
  opening: 's’est ouvert : les appels qui le traversent sont refusés aussitôt',
  probing: 'a été sondé',
  closing: 's’est refermé : les appels passent de nouveau',
  isolated: 'a été isolé à la main',
  released: 'a été libéré',
};

/** Nothing where one of the sentences is not known, as of a newer `ava verify`. */
function checkSaid(said: CheckSaid): string | undefined {
  const sentences = said.map(({ words, values }) =>
    CHECK_WORDS[words]?.replaceAll(/\{(\d)\}/g, (_gap, index: string) => {
      const value = values[Number(index)] ?? '';
      return CHECK_VALUES[value] ?? value;
    }),
  );
  return sentences.includes(undefined) ? undefined : sentences.join(' ');
}

function sentenceOf({ name, details }: ServerEntry): string | undefined {
  const known = TIMELINE[name];
  if (known !== undefined) return known;
  if (name.startsWith('transcript')) return 'Quelqu’un a parlé.';
  if (name.startsWith('after')) return 'Twilio est revenu pour l’étape suivante.';
  const at = name.lastIndexOf(':');
  const [kind, state] = [name.slice(0, at), name.slice(at + 1)];
  if (kind === 'route') return routed(state, details);
  if (kind === 'breaker') return changed(state, details);
  if (kind === 'setting')
    return `Réglage ${word(details['key'])}, version ${word(details['version'])}, par ${word(details['author'])}.`;
  const effect = EFFECTS[kind];
  return effect === undefined || STATES[state] === undefined ? undefined : `${effect} ${STATES[state]}.`;
}

function routed(route: string, details: ServerEntry['details']): string | undefined {
  return ROUTES[route] === undefined
    ? undefined
    : `AVA a répondu en ${word(details['took_ms'])} ms : ${ROUTES[route]}.`;
}

function changed(change: string, details: ServerEntry['details']): string | undefined {
  return CHANGES[change] === undefined
    ? undefined
    : `Le disjoncteur ${word(details['circuit'])} ${CHANGES[change]}. Raison : ${word(details['reason'])}`;
}

function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}
