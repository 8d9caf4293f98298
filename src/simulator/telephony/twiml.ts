import { type Element, parseXml, XmlError } from './xml.ts';

/** One instruction to Twilio. `body` is the text without the blanks around it. */
export type Verb = { name: string; attributes: Record<string, string>; body: string; children: Verb[] };
export type Twiml = { verbs: Verb[]; warnings: string[] };

const RECORDING =
  'recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack trim';
const CALLBACK = 'statusCallback statusCallbackMethod statusCallbackEvent';

/** The verbs and nouns that the twin plays, and the attributes that each may have. */
const known: Record<string, Set<string>> = Object.fromEntries(
  Object.entries({
    Say: 'voice language loop',
    Play: 'loop digits',
    Pause: 'length',
    Gather:
      'action method input numDigits timeout finishOnKey actionOnEmptyResult language speechTimeout hints ' +
      'partialResultCallback partialResultCallbackMethod profanityFilter bargeIn enhanced speechModel debug',
    Dial:
      `action method timeout timeLimit callerId answerOnBridge hangupOnStar record ${RECORDING} ` +
      'ringTone referUrl referMethod callReason sequential events',
    Number: `sendDigits url method ${CALLBACK} byoc machineDetection machineDetectionTimeout`,
    Sip: `username password url method ${CALLBACK}`,
    Record: `action method timeout finishOnKey maxLength playBeep transcribe transcribeCallback ${RECORDING}`,
    Redirect: 'method',
    Reject: 'reason',
    Hangup: '',
    Connect: 'action method',
    Stream: `url name track connectorName ${CALLBACK}`,
    Parameter: 'name value',
  }).map(([name, attributes]) => [name, new Set(attributes.split(' ').filter(Boolean))]),
);

/** Reads a document. Throws an `XmlError` when it is no well-formed `Response`; oddities inside are only warnings. */
export function parseTwiml(source: string): Twiml {
  const root = parseXml(source);
  if (root.name !== 'Response') throw new XmlError(`The root element is ${root.name}, not Response`);
  const warnings: string[] = [];
  const verbs = root.children.map((child) => toVerb(child, warnings)).filter((verb) => known[verb.name]);
  return { verbs, warnings };
}

function toVerb(element: Element, warnings: string[]): Verb {
  const allowed = known[element.name];
  if (!allowed) warnings.push(`The element ${element.name} is not known`);
  for (const name of Object.keys(element.attributes)) {
    if (allowed && !allowed.has(name)) warnings.push(`The attribute ${name} is not allowed in ${element.name}`);
  }
  return {
    name: element.name,
    attributes: element.attributes,
    body: element.text.trim(),
    children: element.children.map((child) => toVerb(child, warnings)),
  };
}
