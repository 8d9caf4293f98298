export const conflicts = {
  title: 'Somebody else changed this meanwhile',
  lead: (who: string) =>
    `${who} changed the same fields. Choose for each which value to keep; everything else of both of you is kept.`,
  theirs: 'In force now',
  mine: 'Yours',
  save: 'Save what I chose',
  later: 'Back to the form',
};
