/** What a question is answered with. */
interface ScriptedAnswer {
  readonly question: RegExp;
  readonly answer: string;
}

const ABOUT_SHOAL = `Shoal runs one language model over many browser tabs. No device needs room for all of it: each tab takes some of the layers, and every token passes through them in turn.

| step | where | what travels |
|---|---|---|
| read the prompt | your tab | nothing yet |
| compute the layers | each tab, in order | one row of numbers |
| choose the token | your tab | the likeliest few |

When a tab closes in the middle of an answer, another takes its layers, and the answer goes on. A program asks the same swarm:

\`\`\`js
const answer = await shoal.engine.chat.completions.create({
  messages: [{ role: 'user', content: 'Hello!' }],
});
\`\`\`

*You are looking at a simulation: this answer was written beforehand, and no model has computed it.*`;

const ABOUT_SHOAL_GERMAN = `Shoal lässt ein Sprachmodell über viele Browser-Tabs laufen. Kein Gerät braucht Platz für das ganze: Jeder Tab nimmt einige Schichten, und jedes Token geht der Reihe nach durch alle.

| Schritt | wo | was unterwegs ist |
|---|---|---|
| den Prompt lesen | dein Tab | noch nichts |
| die Schichten rechnen | jeder Tab, der Reihe nach | eine Zeile Zahlen |
| das Token wählen | dein Tab | die wahrscheinlichsten |

Schließt mitten in einer Antwort ein Tab, nimmt ein anderer seine Schichten, und die Antwort geht weiter. Ein Programm fragt denselben Schwarm:

\`\`\`js
const answer = await shoal.engine.chat.completions.create({
  messages: [{ role: 'user', content: 'Hallo!' }],
});
\`\`\`

*Du siehst eine Simulation: Diese Antwort stand vorher fest, kein Modell hat sie berechnet.*`;

const TIDES = `The Moon pulls at the sea, and the water nearest to it swells into a wide, gentle hill. As the Earth turns, your beach travels through that hill and through a second one on the far side, so the water comes and goes **twice a day**. When the Sun pulls in the same line, the hills grow, and the tide is at its highest.`;

/** The first that fits; the last two fit all that is asked. */
const ANSWERS: readonly ScriptedAnswer[] = [
  { question: /capital of France/i, answer: 'The capital of France is **Paris**.' },
  { question: /Hauptstadt von Frankreich/i, answer: 'Die Hauptstadt von Frankreich ist **Paris**.' },
  { question: /\btides?\b/i, answer: TIDES },
  {
    question: /Ebbe|Flut/,
    answer:
      'Der Mond zieht am Meer, und das Wasser, das ihm am nächsten ist, wölbt sich zu einem breiten, sanften Hügel. Weil die Erde sich dreht, kommt dein Strand durch diesen Hügel und durch einen zweiten auf der anderen Seite: So kommt und geht das Wasser **zweimal am Tag**. Zieht die Sonne in derselben Richtung, werden die Hügel höher, und die Flut steht am höchsten.',
  },
  {
    question: /haiku about/i,
    answer: 'Silver turns as one,  \na thousand small hearts agree:  \nthe reef holds its breath.',
  },
  { question: /Haiku/, answer: 'Silber dreht sich um,  \ntausend Herzen, ein Gedanke.  \nDas Riff hält den Atem.' },
  {
    question: /\b(der|die|das|und|was|wie|wer|warum|ist|ein|eine|ich|du|mir|bitte|hallo)\b/i,
    answer: ABOUT_SHOAL_GERMAN,
  },
  { question: /^/, answer: ABOUT_SHOAL },
];

/** The answer to a question; there is one to each. */
export function scriptedAnswer(question: string): string {
  return ANSWERS.find((scripted) => scripted.question.test(question))!.answer;
}

/** Every answer, for the vocabulary that spells them. */
export const SCRIPTED_ANSWERS: readonly string[] = ANSWERS.map(({ answer }) => answer);
