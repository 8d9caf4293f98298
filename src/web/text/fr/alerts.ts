import type { AlertWords } from '../en/server.ts';

/** What an alert says, means and asks for, by its rule. */
export const ALERTS: Record<string, AlertWords> = {
  circuit_breaker_not_closed: {
    summary: 'Un fournisseur ne répond plus depuis plus d’une minute ; son disjoncteur n’est pas fermé',
    meaning:
      'AVA a cessé d’interroger ce fournisseur après plusieurs échecs de suite. Les appels vont à des personnes ou à la messagerie.',
    action:
      'Regardez la page d’état du fournisseur, puis Exploitation → Disjoncteurs. Il se referme seul dès que le fournisseur répond.',
  },
  rate_limit_rejections: {
    summary: 'Plus de 100 requêtes par heure sont refusées avec 429',
    meaning: 'Quelqu’un, ou un programme, demande plus souvent que la limite ne le permet.',
    action:
      'Trouvez l’utilisateur dans le journal (grep "429 Too Many Requests"). N’augmentez RATE_LIMIT_PER_MINUTE que si l’usage est légitime.',
  },
  responses_without_correlation_id: {
    summary: 'Plus de 5 % des réponses n’ont pas d’identifiant de corrélation',
    meaning:
      'Quelque chose répond avant la partie d’AVA qui identifie chaque requête : les problèmes ne peuvent pas être suivis.',
    action: 'Regardez ce qui vient d’être déployé, et les proxys qui retirent l’en-tête X-Correlation-ID.',
  },
  error_rate: {
    summary: 'Plus de 1 % des requêtes échouent par la faute d’AVA',
    meaning: 'AVA répond 5xx, et aucun fournisseur n’en est la cause.',
    action:
      'Regardez d’abord la dernière version, et revenez en arrière si les erreurs ont commencé avec elle ; sinon, suivez un identifiant de corrélation.',
  },
  calls_rescued: {
    summary: 'Des appels sont allés à une personne ou à la messagerie, car l’assistant ne pouvait pas répondre',
    meaning: 'Aucun appelant n’a entendu d’erreur, mais l’assistant n’était pas disponible pour eux.',
    action: 'Regardez les appels, filtrés par résultat, pour la raison ; souvent un disjoncteur est ouvert.',
  },
  calls_recovered: {
    summary: 'La comparaison a trouvé des appels dont aucun webhook n’avait parlé',
    meaning: 'Les messages d’un fournisseur ne sont pas arrivés. Les appels ont été trouvés dans sa propre liste.',
    action: 'Vérifiez que PUBLIC_URL est joignable de l’extérieur et qu’aucun proxy ne refuse les webhooks.',
  },
  webhook_quarantine: {
    summary: 'Des webhooks attendent en quarantaine',
    meaning: 'AVA a gardé des messages qu’elle ne comprend pas ou qui n’appartiennent à personne de connu.',
    action: 'Ouvrez le registre des webhooks, lisez la raison, et rejouez-les une fois la cause disparue.',
  },
  webhook_backlog: {
    summary: 'Les webhooks ne sont pas traités',
    meaning: 'Les messages sont bien conservés, mais rien ne les traite : les appels semblent inachevés.',
    action: 'Vérifiez qu’un exécuteur tourne et que la base de données n’est pas surchargée.',
  },
  dead_letters: {
    summary: 'Des tâches ont échoué pour de bon et attendent un opérateur',
    meaning: 'Un travail a été tenté plusieurs fois puis abandonné, par exemple un e-mail que personne n’accepte.',
    action: 'Lancez « ava webhooks », lisez la raison, et rejouez-les.',
  },
  months_not_made: {
    summary: 'La base de données n’a pas de partition pour le mois prochain',
    meaning:
      'AVA en crée une par mois, trois mois à l’avance, à chaque démarrage et chaque jour. Rien ne se perd sans elle : ce qui arrive va dans la partition du reste, puis est déplacé.',
    action: 'Lancez « ava migrate » avec le rôle qui possède les tables ; le journal (« months ahead ») dit la raison.',
  },
  latency_p95: {
    summary: 'Une requête sur vingt prend plus de 500 ms',
    meaning: 'AVA, sa base de données ou un fournisseur est devenu lent.',
    action: 'Comparez le tableau des performances par route et par fournisseur, et regardez la base de données.',
  },
  stub_mode_in_production: {
    summary: 'Le mode démonstration est actif en production',
    meaning: 'Les intégrations répondent avec des données inventées et marquées. C’est le secours d’urgence.',
    action: 'Mettez INTEGRATIONS_STUB_MODE=false et redémarrez dès que l’urgence est passée.',
  },
  redis_degraded: {
    summary: 'Redis ne répond pas',
    meaning: 'Chaque réplique compte seule ses limites et ses disjoncteurs. Les requêtes sont toujours servies.',
    action: 'Rétablissez Redis ; AVA le rejoint d’elle-même.',
  },
  database_down: {
    summary: 'La base de données ne répond pas',
    meaning: 'Les appels entrants suivent le dernier acheminement connu. Tout le reste répond 503.',
    action: 'Rétablissez PostgreSQL. Les fournisseurs répètent leurs webhooks, et la comparaison trouve ce qui manque.',
  },
  no_calls: {
    summary: 'Aucun appel depuis deux heures, à un moment où il y en a toujours',
    meaning: 'Les appelants entendent peut-être un signal d’occupation dont AVA ne sait rien.',
    action: 'Appelez l’un de vos numéros. Regardez l’état de Twilio et les adresses de webhook des numéros.',
  },
  owners_not_told: {
    summary: 'Personne n’a pu être prévenu d’un appel ; son e-mail ou son SMS a été abandonné',
    meaning:
      'Dix tentatives en quatre heures ont échoué. L’appel est dans la liste, mais son propriétaire l’ignore peut-être.',
    action:
      'Lisez pourquoi dans le journal (grep "could not be told of a call"), corrigez, envoyez un test sous Intégrations, et prévenez le propriétaire.',
  },
  alert_channel_failing: {
    summary: 'Un canal n’a pas pris une alerte',
    meaning: 'Quelqu’un qui devait être prévenu l’a été autrement, ou pas du tout.',
    action: 'Utilisez « Envoyer un test » sous Exploitation → Alertes et suivez ce que répond le canal.',
  },
  alerter_silent: {
    summary: 'Les règles d’alerte ne sont pas évaluées',
    meaning: 'Si quelque chose casse maintenant, AVA ne prévient personne.',
    action: 'Vérifiez qu’une réplique tourne et atteint sa base de données ; si oui, redémarrez-la.',
  },
  replica_down: {
    summary: 'Une réplique d’AVA ne répond pas',
    meaning: 'Prometheus ne peut pas lire ses mesures.',
    action:
      'Regardez le processus et ses dernières lignes de journal ; si d’autres répliques tournent, personne n’est encore touché.',
  },
};
