import type { Text } from '../en.ts';

export const messages: Text['messages'] = {
  title: 'Messages',
  lead: 'E-mails et SMS envoyés par AVA au sujet de vos appels, du plus récent au plus ancien.',
  channel: 'Canal',
  channels: { email: 'E-mail', sms: 'SMS' },
  state: 'État',
  states: {
    waiting: 'En route',
    sent: 'Envoyé',
    refused: 'Refusé',
    unknown: 'Peut-être envoyé',
    given_up: 'Abandonné',
  },
  means: {
    waiting: '',
    sent: '',
    refused: 'Il n’est pas parti. AVA réessaie d’elle-même.',
    unknown: 'Il est parti, sans réponse. AVA ne l’envoie pas deux fois à l’aveugle.',
    given_up: 'Il n’est pas parti, et AVA n’essaie plus.',
  },
  someone: 'Quelqu’un',
  aboutCall: 'Au sujet d’un appel',
  attempts: (count) => `${count} tentatives`,
  emptyTitle: 'Pas encore de messages',
  emptyBody: 'Après chaque appel, AVA prévient les propriétaires par e-mail. Ce qu’elle envoie apparaît ici.',
};
