import type { Text } from '../en.ts';

export const problems: Text['problems'] = {
  titles: {
    general: 'Chargement impossible',
    action: 'Cela n’a pas fonctionné',
    offline: 'Vous êtes hors ligne',
    rateLimited: 'Une courte pause',
    forbidden: 'Vous ne pouvez pas voir ceci',
    notFound: 'Il n’y a rien ici',
    crashed: 'Cette page a cessé de fonctionner',
  },
  codes: {
    offline: 'AVA est injoignable. Vérifiez votre connexion ; cette page reprend d’elle-même ensuite.',
    timeout: 'AVA n’a pas répondu à temps. Réessayez dans un instant.',
    unreadable: 'La réponse d’AVA est illisible. Quelque chose entre vous et AVA l’a peut-être modifiée ; réessayez.',
    unauthenticated: 'Votre session est terminée. Reconnectez-vous.',
    forbidden: 'Votre rôle ne permet pas cette action.',
    not_found: 'Cet élément n’existe pas ou n’existe plus.',
    validation_failed: 'Certains champs ne sont pas valides.',
    vapi_credentials_rejected: 'Vapi a refusé votre clé API. Mettez-la à jour dans Paramètres → Vapi.',
    vapi_not_configured: 'Il n’y a pas encore de clé API Vapi. Ajoutez-en une dans Paramètres → Vapi.',
    twilio_credentials_rejected:
      'Twilio a refusé le SID de compte ou le jeton. Mettez-les à jour dans Intégrations → Twilio.',
    twilio_not_configured: 'Il n’y a pas encore d’identifiants Twilio. Ajoutez-les dans Intégrations → Twilio.',
    internal:
      'Une erreur s’est produite dans AVA. Vous n’y êtes pour rien. Réessayez ; si elle persiste, donnez l’identifiant de corrélation à votre opérateur.',
    database_unavailable:
      'La base de données d’AVA ne répond pas. Les appels sont toujours acheminés. AVA réessaie d’elle-même.',
    upstream_unavailable: 'Le fournisseur ne répond pas ; AVA a cessé de l’interroger pour un moment.',
    upstream_timeout: 'Le fournisseur n’a pas répondu à temps.',
    upstream_failed: 'Le fournisseur est injoignable ou a répondu par une erreur.',
    draining: 'Cette copie d’AVA est en cours de remplacement. Réessayez dans un instant.',
    overloaded: 'AVA est très sollicitée en ce moment. Elle réessaie d’elle-même.',
  },
  rateLimited: (seconds) =>
    `Vous avez demandé plus souvent qu’AVA ne le permet en une minute. Reprise automatique dans ${seconds} s.`,
  retryIn: (seconds) => `Nouvel essai dans ${seconds} s`,
  offlineBody: 'Cette page s’affichera dès le retour de la connexion. Rien de ce que vous avez saisi n’est perdu.',
  offlineBanner: 'Vous êtes hors ligne. Ce que vous voyez n’est peut-être plus à jour.',
  notFoundBody: 'L’adresse ne mène nulle part, ou ce qui s’y trouvait a disparu.',
  goToNow: 'Aller à Maintenant',
  crashedBody: 'Une partie de cette page n’a pas pu être affichée. Vos données sont en sécurité.',
  reload: 'Recharger',
  forbiddenBody: (needs) => `Il faut ${needs}. Demandez-le à un propriétaire de votre organisation.`,
  roleNames: {
    viewer: 'le rôle lecteur',
    editor: 'le rôle éditeur',
    admin: 'le rôle administrateur',
    owner: 'le rôle propriétaire',
    operator: 'être opérateur',
  },
  staleTitle: (age) => `Dernières valeurs connues, ${age}`,
  stale: 'Le fournisseur ne répond pas, AVA montre donc ce qu’elle savait en dernier. Elle continue d’essayer.',
  staleBecause: 'Ces valeurs n’ont pas pu être mises à jour.',
  fieldErrors: 'Certains champs demandent votre attention',
  openVapiSettings: 'Ouvrir Paramètres → Vapi',
  openIntegrations: 'Ouvrir Intégrations',
};
