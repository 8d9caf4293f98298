/** What a check says, by its English words; the gaps are those of the original. */
export const CHECK_WORDS: Record<string, string> = {
  'A limit above {0} a minute is not tried out during a release.':
    'Une limite au-dessus de {0} par minute n’est pas essayée pendant une mise en production.',
  'The page threw: {0}': 'La page a levé une erreur : {0}',
  'In Chromium: {0}.': 'Dans Chromium : {0}.',
  'Needs a browser: install Chromium here, or name one with --browser. Not counted as passed.':
    'Il faut un navigateur : installez Chromium ici, ou nommez-en un avec --browser. Ne compte pas comme réussi.',
  'Needs the package playwright-core, which a server installed without its development packages lacks. Not counted as passed.':
    'Il faut le paquet playwright-core, absent d’un serveur installé sans les paquets de développement. Ne compte pas comme réussi.',
  "Changes a setting, so it needs a tenant of its own: verify with an operator's token.":
    'Modifie un paramètre, donc il faut une organisation à part : vérifiez avec le jeton d’un opérateur.',
  '/api/v1/auth/me answered {0}.': '/api/v1/auth/me a répondu {0}.',
  'Settings are shown before they have come.': 'Des paramètres sont affichés avant d’être arrivés.',
  'Saving the greeting answered {0}.': 'L’enregistrement du message d’accueil a répondu {0}.',
  'What was typed is gone after the refusal.': 'Ce qui était saisi a disparu après le refus.',
  '{0}: {1}': '{0} : {1}',
  '/api/v1/system/info answered {0}.': '/api/v1/system/info a répondu {0}.',
  'This is a {0} installation; the guide is about production.':
    'Cette installation est de type {0} ; le guide parle de la production.',
  'INTEGRATIONS_STUB_MODE is on: the emergency fallback is in force.':
    'INTEGRATIONS_STUB_MODE est activé : le repli d’urgence est en vigueur.',
  'PUBLIC_URL is {0}; vendors cannot reach that.': 'PUBLIC_URL vaut {0} ; les fournisseurs ne peuvent pas l’atteindre.',
  'Production, stub mode off, reached under {0}.': 'Production, mode simulé désactivé, joignable sous {0}.',
  'Cannot be seen from outside. Run `ava doctor` on the host: it loads every package.':
    'Ne se voit pas de l’extérieur. Lancez « ava doctor » sur la machine : il charge chaque paquet.',
  '/ answered {0} without a page.': '/ a répondu {0}, sans page.',
  'The page has no strict content security policy.': 'La page n’a pas de politique de sécurité de contenu stricte.',
  'The page loads no script.': 'La page ne charge aucun script.',
  '{0} answered {1}.': '{0} a répondu {1}.',
  '{0} is answered with a page instead of the file.': 'Une page est renvoyée à la place du fichier {0}.',
  'The page and the {0} files that it loads are served.': 'La page et les {0} fichiers qu’elle charge sont servis.',
  '{0} look-ups of a Twilio client since the start are too few to judge.':
    '{0} recherches d’un client Twilio depuis le démarrage, c’est trop peu pour juger.',
  '{0} % of the look-ups found a client; 90 % is the target.':
    '{0} % des recherches ont trouvé un client ; l’objectif est de 90 %.',
  '{0} % of {1} look-ups found a client.': '{0} % des {1} recherches ont trouvé un client.',
  'Only operators see alerts: pass the token of one.':
    'Seuls les opérateurs voient les alertes : donnez le jeton de l’un d’eux.',
  'The rule {0} is missing.': 'La règle {0} manque.',
  'The rules were evaluated last at {0}.': 'Dernière évaluation des règles : {0}.',
  'No channel is configured: set PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL or ALERT_EMAIL_TO.':
    'Aucun canal n’est configuré : définissez PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL ou ALERT_EMAIL_TO.',
  'The last message to {0} failed.': 'Le dernier message à {0} a échoué.',
  '{0} rules, evaluated {1} s ago, to {2}.': '{0} règles, évaluées il y a {1} s, vers {2}.',
  "{0} requests failed by AVA's own fault since it started.":
    '{0} requêtes ont échoué par la faute d’AVA depuis son démarrage.',
  "None since it started. A vendor's outage does not count.":
    'Aucune depuis le démarrage. La panne d’un fournisseur ne compte pas.',
  '{0} requests since the start are too few to judge.': '{0} requêtes depuis le démarrage, c’est trop peu pour juger.',
  'Only {0} % of {1} requests took less than 500 ms.': 'Seulement {0} % des {1} requêtes ont pris moins de 500 ms.',
  '{0} % of {1} requests took less than 500 ms.': '{0} % des {1} requêtes ont pris moins de 500 ms.',
  'Would change what runs. `ava rollback --dry-run` shows the plan; /healthz then proves the version.':
    'Changerait ce qui tourne. « ava rollback --dry-run » montre le plan ; /healthz prouve ensuite la version.',
  'Can only be seen during an update: run `ava watch` beside it.':
    'Ne se voit que pendant une mise à jour : lancez « ava watch » à côté.',
  'No check proves this line; do it by hand.': 'Aucun contrôle ne prouve cette ligne ; faites-le à la main.',
  'X-RateLimit-Limit says {0}; {1} was expected (--limit).': 'X-RateLimit-Limit dit {0} ; {1} était attendu (--limit).',
  'A {0} carries no correlation id.': 'Une réponse {0} ne porte pas d’identifiant de corrélation.',
  'One of the first requests answered {0}.': 'L’une des premières requêtes a répondu {0}.',
  'Of {0} requests at once {1} passed; {2} should have.':
    'Sur {0} requêtes simultanées, {1} sont passées ; il en fallait {2}.',
  'A 429 says Retry-After {0}.': 'Une réponse 429 dit Retry-After {0}.',
  'A 429 has the code {0}.': 'Une réponse 429 porte le code {0}.',
  '{0} passed, {1} were refused with 429 and Retry-After.':
    '{0} sont passées, {1} ont été refusées avec 429 et Retry-After.',
  'RateLimit-Policy says {0}, X-RateLimit-Limit {1}.': 'RateLimit-Policy dit {0}, X-RateLimit-Limit {1}.',
  'RateLimit says {0}, X-RateLimit-Remaining {1}.': 'RateLimit dit {0}, X-RateLimit-Remaining {1}.',
  'A 429 says that {0} requests remain.': 'Une réponse 429 dit qu’il reste {0} requêtes.',
  'X-RateLimit-Reset lies {0} s ahead; a window is 60 s.':
    'X-RateLimit-Reset est à {0} s d’ici ; une fenêtre dure 60 s.',
  'Another user at the same address then got {0}, not 200.':
    'Un autre utilisateur à la même adresse a ensuite reçu {0}, et non 200.',
  'Another user at the same address went on.': 'Un autre utilisateur à la même adresse a pu continuer.',
  'This log does not reach back to the start any more: it was rotated. Pass the file that does.':
    'Ce journal ne remonte plus jusqu’au démarrage : il a été archivé. Donnez le fichier qui y remonte.',
  '/healthz says that it started at {0}, the log at {1}: another process answers, or it hides a restart.':
    '/healthz dit avoir démarré à {0}, le journal à {1} : un autre processus répond, ou un redémarrage est caché.',
  'Started at {0}, as the log says.': 'Démarré à {0}, comme le dit le journal.',
  'No line tells that the breaker of {0} began.': 'Aucune ligne ne dit que le disjoncteur de {0} a été créé.',
  '{0} breakers initialised.': '{0} disjoncteurs initialisés.',
  'A line has the id in another member.': 'Une ligne porte l’identifiant dans un autre champ.',
  'grep {0} finds {1} line(s).': 'grep {0} trouve {1} ligne(s).',
  'grep {0} finds nothing in the log.': 'grep {0} ne trouve rien dans le journal.',
  'A line that is no change of state matches the grep: {0}':
    'Une ligne qui n’est pas un changement d’état correspond au grep : {0}',
  'The log has {0} changes of state, the metrics count {1}.':
    'Le journal a {0} changements d’état, les métriques en comptent {1}.',
  '{0} changes of state in the log, as many in the metrics.':
    '{0} changements d’état dans le journal, autant dans les métriques.',
  'The log has no line of a request.': 'Le journal n’a aucune ligne de requête.',
  '{0} of {1} request lines have no X-Correlation-ID.': '{0} des {1} lignes de requête n’ont pas de X-Correlation-ID.',
  'All {0} request lines have their X-Correlation-ID.': 'Les {0} lignes de requête ont toutes leur X-Correlation-ID.',
  '{0} requests were refused, the log has {1} lines of it.':
    '{0} requêtes ont été refusées, le journal en a {1} lignes.',
  '{0} lines; {1} requests of people are too few for a share.':
    '{0} lignes ; {1} requêtes de personnes, c’est trop peu pour une part.',
  '{0} % of the requests of people were refused; 0.1 % is the target.':
    '{0} % des requêtes de personnes ont été refusées ; l’objectif est de 0,1 %.',
  '{0} lines; {1} % of the requests of people were refused.':
    '{0} lignes ; {1} % des requêtes de personnes ont été refusées.',
  '{0} clients were looked up, the log has {1} lines of it.':
    '{0} clients ont été recherchés, le journal en a {1} lignes.',
  'In the log {0} % of the Twilio clients were used again.':
    'Dans le journal, {0} % des clients Twilio ont été réutilisés.',
  '{0} of {1} lines in the log say the same.': '{0} lignes du journal sur {1} disent de même.',
  "The server's log is not at hand: pass --log FILE.":
    'Le journal du serveur n’est pas à portée : donnez --log FICHIER.',
  'There is no file {0}.': 'Le fichier {0} n’existe pas.',
  'A log line is not one JSON object: {0}': 'Une ligne du journal n’est pas un objet JSON : {0}',
  '/metrics wants a token: pass --metrics-token.': '/metrics demande un jeton : donnez --metrics-token.',
  '/metrics answered {0}.': '/metrics a répondu {0}.',
  'No answer: {0}.': 'Pas de réponse : {0}.',
  'The check itself broke: {0}': 'Le contrôle lui-même a échoué : {0}',
  'A verification session could not be opened: the server answered {0}.':
    'Une session de vérification n’a pas pu être ouverte : le serveur a répondu {0}.',
  '/healthz answered {0}, not 200 "ok".': '/healthz a répondu {0}, et non 200 « ok ».',
  '/healthz names no version.': '/healthz ne nomme aucune version.',
  '/healthz names no commit.': '/healthz ne nomme aucun commit.',
  '/healthz does not say when the process started.': '/healthz ne dit pas quand le processus a démarré.',
  '/readyz answered {0} ({1}): no traffic yet.': '/readyz a répondu {0} ({1}) : pas encore de trafic.',
  'The token is not accepted: /api/v1/system/info answered {0}.':
    'Le jeton n’est pas accepté : /api/v1/system/info a répondu {0}.',
  '/healthz says {0}, the API says {1}.': '/healthz dit {0}, l’API dit {1}.',
  '{0} runs, {1} was expected.': '{0} tourne, {1} était attendu.',
  'Commit {0} runs, {1} was expected.': 'Le commit {0} tourne, {1} était attendu.',
  'AVA {0} ({1}), up since {2}, ready.': 'AVA {0} ({1}), en marche depuis {2}, prête.',
  '{0} has no UUID in X-Correlation-ID, but "{1}".': '{0} n’a pas d’UUID dans X-Correlation-ID, mais « {1} ».',
  'Two answers carry the same correlation id.': 'Deux réponses portent le même identifiant de corrélation.',
  'A fresh UUID on {0}.': 'Un nouvel UUID sur {0}.',
  '{0} answers "{1}" instead of "{2}".': '{0} répond « {1} » au lieu de « {2} ».',
  'Without a token {0} answers {1}, not 401.': 'Sans jeton, {0} répond {1}, et non 401.',
  'The error document names "{0}" instead of "{1}".': 'Le document d’erreur nomme « {0} » au lieu de « {1} ».',
  'An id with characters that are not allowed was not replaced.':
    'Un identifiant aux caractères interdits n’a pas été remplacé.',
  '"{0}" came back on 200, 401 and 404; an id that is not allowed was replaced.':
    '« {0} » est revenu sur 200, 401 et 404 ; un identifiant interdit a été remplacé.',
  'Vapi rejected the API key. Update it in Settings → Vapi.':
    'Vapi a rejeté la clé d’API. Mettez-la à jour dans Paramètres → Vapi.',
  'No Vapi API key is configured. Enter it in Settings → Vapi.':
    'Aucune clé d’API de Vapi n’est configurée. Saisissez-la dans Paramètres → Vapi.',
  '{0} answered {1} ({2}).': '{0} a répondu {1} ({2}).',
  'The answer has no list of settings.': 'La réponse n’a pas de liste de paramètres.',
  'A setting lacks its key or ETag.': 'Il manque à un paramètre sa clé ou son ETag.',
  '{0} settings.': '{0} paramètres.',
  'Vapi does not answer; this is the copy of {0}.': 'Vapi ne répond pas ; ceci est la copie de {0}.',
  'PUT {0} answered {1} ({2}).': 'PUT {0} a répondu {1} ({2}).',
  'The written setting has no ETag.': 'Le paramètre écrit n’a pas d’ETag.',
  '{0} was written, {1} was read.': '{0} a été écrit, {1} a été lu.',
  'A change with an old If-Match answered {0}, not 412.':
    'Un changement avec un ancien If-Match a répondu {0}, et non 412.',
  'The setting {0} could not be removed again.': 'Le paramètre {0} n’a pas pu être retiré.',
  'The removed setting still answers {0}.': 'Le paramètre retiré répond encore {0}.',
  'The removed setting {0} is still in the list.': 'Le paramètre retiré {0} est encore dans la liste.',
  'Written, read back, guarded by If-Match, removed.': 'Écrit, relu, protégé par If-Match, retiré.',
  'In a tenant of its own.': 'Dans une organisation à part.',
  'In your tenant.': 'Dans votre organisation.',
  'Production answers with stub data: INTEGRATIONS_STUB_MODE is on.':
    'La production répond avec des données simulées : INTEGRATIONS_STUB_MODE est activé.',
  'A stub answer came although stub mode is off.':
    'Une réponse simulée est arrivée alors que le mode simulé est désactivé.',
  'Stub mode is on outside production, and the answer says so.':
    'Le mode simulé est activé hors production, et la réponse le dit.',
  'A real e-mail provider ({0}) is configured.': 'Un vrai fournisseur d’e-mail ({0}) est configuré.',
  'Without a provider the e-mail test answered {0}, not 409.':
    'Sans fournisseur, l’essai d’e-mail a répondu {0}, et non 409.',
  'No provider outside production: the answer says what to configure.':
    'Pas de fournisseur hors production : la réponse dit quoi configurer.',
  'The e-mail test answered {0}, not 403.': 'L’essai d’e-mail a répondu {0}, et non 403.',
  'The refusal reads "{0}", not "{1}".': 'Le refus dit « {0} », et non « {1} ».',
  '403, "{0}".': '403, « {0} ».',
  'circuit_breaker_state of {0} is missing or not 0, 1 or 2.':
    'circuit_breaker_state de {0} manque ou n’est ni 0, ni 1, ni 2.',
  '{0}: state {1}, but {2} s not closed.': '{0} : état {1}, mais {2} s sans être fermé.',
  '{0}: closed.': '{0} : fermé.',
  '{0}: open.': '{0} : ouvert.',
  '{0}: half-open.': '{0} : à demi ouvert.',
  'The metric {0} is missing.': 'La métrique {0} manque.',
  'Tenants of this verification could not be removed: {0}. AVA removes them by itself an hour later.':
    'Des organisations de cette vérification n’ont pas pu être supprimées : {0}. AVA les supprime d’elle-même une heure plus tard.',
};

/** English that stands in a gap. */
export const CHECK_VALUES: Record<string, string> = {
  'no reason': 'sans raison',
  'no code': 'sans code',
  'no time': 'jamais',
  'loading skeleton, the list, edit and success toast, a rejected key explained, "No settings configured"':
    'le squelette du chargement, la liste, une modification et son succès, une clé rejetée expliquée, « aucun paramètre »',
};
