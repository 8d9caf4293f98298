/** What AVA itself says to callers and to the people it rings, by language. A number's own message goes first. */
import type { Language } from './routing-contract.ts';

export type Words = {
  /** Before a message can be left. */
  voicemail: string;
  thanks: string;
  /** Where there is neither a person nor voicemail. */
  sentence: string;
  /** While a caller is passed on in the middle of a call. */
  oneMoment: string;
  /** To the person who picked up. */
  whisper: string;
};

const WORDS: Record<string, Words> = {
  en: {
    voicemail: 'Sorry, nobody can take your call right now. Please leave a message after the tone.',
    thanks: 'Thank you. We will call you back.',
    sentence: 'Sorry, nobody can take your call right now. Please call again a little later.',
    oneMoment: 'One moment please.',
    whisper: 'A call for you. Press 1 to take it.',
  },
  de: {
    voicemail: 'Leider kann gerade niemand Ihren Anruf annehmen. Bitte hinterlassen Sie nach dem Ton eine Nachricht.',
    thanks: 'Vielen Dank. Wir rufen Sie zurück.',
    sentence: 'Leider kann gerade niemand Ihren Anruf annehmen. Bitte rufen Sie etwas später noch einmal an.',
    oneMoment: 'Einen Moment bitte.',
    whisper: 'Ein Anruf für Sie. Drücken Sie die 1, um ihn anzunehmen.',
  },
  fr: {
    voicemail: 'Personne ne peut prendre votre appel pour le moment. Laissez un message après le signal sonore.',
    thanks: 'Merci. Nous vous rappellerons.',
    sentence: 'Personne ne peut prendre votre appel pour le moment. Veuillez rappeler un peu plus tard.',
    oneMoment: 'Un instant, je vous prie.',
    whisper: 'Un appel pour vous. Appuyez sur 1 pour le prendre.',
  },
  es: {
    voicemail: 'En este momento nadie puede atender su llamada. Deje un mensaje después de la señal.',
    thanks: 'Gracias. Le devolveremos la llamada.',
    sentence: 'En este momento nadie puede atender su llamada. Por favor, llame un poco más tarde.',
    oneMoment: 'Un momento, por favor.',
    whisper: 'Una llamada para usted. Pulse 1 para atenderla.',
  },
  it: {
    voicemail: 'Al momento nessuno può rispondere alla sua chiamata. Lasci un messaggio dopo il segnale acustico.',
    thanks: 'Grazie. La richiameremo.',
    sentence: 'Al momento nessuno può rispondere alla sua chiamata. Richiami un po’ più tardi.',
    oneMoment: 'Un momento, per favore.',
    whisper: 'Una chiamata per lei. Prema 1 per rispondere.',
  },
  nl: {
    voicemail: 'Op dit moment kan niemand uw oproep aannemen. Spreek na de toon een bericht in.',
    thanks: 'Dank u wel. Wij bellen u terug.',
    sentence: 'Op dit moment kan niemand uw oproep aannemen. Bel over een poosje nog eens.',
    oneMoment: 'Een ogenblik alstublieft.',
    whisper: 'Een gesprek voor u. Druk op 1 om het aan te nemen.',
  },
  pt: {
    voicemail: 'De momento ninguém pode atender a sua chamada. Deixe uma mensagem após o sinal.',
    thanks: 'Obrigado. Ligaremos de volta.',
    sentence: 'De momento ninguém pode atender a sua chamada. Ligue um pouco mais tarde, por favor.',
    oneMoment: 'Um momento, por favor.',
    whisper: 'Uma chamada para si. Prima 1 para atender.',
  },
  pl: {
    voicemail: 'W tej chwili nikt nie może odebrać połączenia. Proszę zostawić wiadomość po sygnale.',
    thanks: 'Dziękujemy. Oddzwonimy.',
    sentence: 'W tej chwili nikt nie może odebrać połączenia. Proszę zadzwonić nieco później.',
    oneMoment: 'Chwileczkę.',
    whisper: 'Połączenie dla Ciebie. Naciśnij 1, aby je odebrać.',
  },
};

export function wordsIn(language: Language): Words {
  return WORDS[language.slice(0, 2)] ?? WORDS['en']!;
}
