import type { Text } from '../en.ts';

export const conflicts: Text['conflicts'] = {
  title: 'Quelqu’un d’autre a modifié ceci entre-temps',
  lead: (who) =>
    `${who} a modifié les mêmes champs. Choisissez pour chacun la valeur à garder ; tout le reste est conservé des deux côtés.`,
  theirs: 'En vigueur',
  mine: 'La vôtre',
  save: 'Enregistrer mon choix',
  later: 'Retour au formulaire',
};
