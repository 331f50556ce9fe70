import type { ErrorCode } from '../../core/errors.ts';
import type { Words } from '../en/first.ts';
import { decimal, plural } from './numbers.ts';

const tabs = (count: number) => plural(count, 'Tab', 'Tabs');
const isOrAre = (count: number) => (count === 1 ? 'ist' : 'sind');
/** Of shards, as an object. */
const them = (count: number) => (count === 1 ? 'ihn' : 'sie');

const errors: Readonly<Record<ErrorCode, string>> = {
  aborted: 'Das wurde abgebrochen.',
  'bad-command':
    'Zwei Tabs verstehen einander nicht. Lade diese Seite und die anderen neu, damit alle dieselbe Version haben.',
  'bad-frame':
    'Zwei Tabs verstehen einander nicht. Lade diese Seite und die anderen neu, damit alle dieselbe Version haben.',
  'bad-gguf': 'Diese Modelldatei lässt sich nicht lesen. Lade sie noch einmal herunter oder nimm eine andere.',
  'bad-input': 'Das Modell bekam etwas, womit es nicht rechnen kann. Beginne ein neues Gespräch.',
  'bad-manifest':
    'Die Beschreibung des Modells lässt sich nicht lesen. Lade die Seite neu oder frag, wer den Server betreibt.',
  'bad-request': 'So geht das nicht.',
  'bad-result':
    'Ein anderer Tab hat etwas geschickt, das nicht stimmen kann. Frag noch einmal: Er bleibt dann außen vor.',
  busy: 'Das ist gerade belegt. Versuch es etwas später noch einmal.',
  'consent-required': 'Dafür braucht es eine Erlaubnis. Erteile sie und versuch es dann noch einmal.',
  'context-full':
    'Das Gespräch ist zu lang für das Modell. Lass die ältesten Beiträge weg oder beginne ein neues Gespräch.',
  'gpu-lost':
    'Die GPU hat aufgegeben. Lade die Seite neu; passiert es wieder, wähle in den Einstellungen den Prozessor.',
  'hash-mismatch': 'Es kamen Daten an, die nicht stimmen; sie wurden verworfen. Versuch es noch einmal.',
  'insecure-context': 'Diese Adresse ist nicht sicher. Öffne die Seite über https oder auf dem Gerät des Servers.',
  internal: 'In dieser Seite ging etwas schief. Versuch es noch einmal; hilft das nicht, lade sie neu.',
  'limit-exceeded': 'Das ist mehr, als erlaubt ist. Versuch es mit weniger.',
  'model-unavailable':
    'Das Modell ist gerade nicht zu haben. Prüfe den Link und ob der Server läuft, und versuch es dann noch einmal.',
  'no-webgpu': 'Dieser Browser gibt keine GPU her. Wähle in den Einstellungen „Automatisch“ und lade die Seite neu.',
  'not-admitted': 'Das darf dieser Tab in einem privaten Schwarm nicht. Bitte ein Mitglied um den Link.',
  'not-finite':
    'Die Rechnung ging schief. Frag noch einmal; hilft das nicht, miss dein Gerät in der Liste der Modelle.',
  'out-of-memory': 'Der Arbeitsspeicher reicht nicht. Schließe andere Tabs oder lass diesen weniger Teile rechnen.',
  'page-incomplete':
    'Ein Teil dieser Seite kam nicht an. Lade sie neu: Gespräche und Teile des Modells bleiben erhalten.',
  'peer-gone': 'Ein Tab, der gebraucht wurde, ist gegangen. Frag noch einmal.',
  'peer-unreachable':
    'Ein anderer Tab oder der Server ist nicht zu erreichen. Prüfe die Verbindung und versuch es gleich noch einmal.',
  'port-in-use': 'Die Adresse des Servers ist belegt. Starte ihn auf einem anderen Port.',
  'shard-missing': 'Ein Teil des Modells fehlt. Übernimm ihn hier oder teile den Einladungslink.',
  'shard-not-loaded': 'Ein Tab hat seinen Teil des Modells nicht bereit. Warte einen Augenblick und frag noch einmal.',
  'storage-full':
    'In diesem Browser ist kein Platz. Schaff Platz auf der Festplatte oder lösche gespeicherte Modelle in den Einstellungen.',
  timeout: 'Es hat zu lange gedauert. Prüfe die Verbindung und versuch es noch einmal.',
  'truncated-gguf': 'Diese Modelldatei ist nicht vollständig. Lade sie noch einmal herunter.',
  'unknown-session': 'Ein Tab hat dieses Gespräch vergessen. Frag noch einmal.',
  'unsupported-architecture': 'Modelle dieser Art kann Shoal noch nicht rechnen. Nimm ein anderes.',
  'unsupported-tensor-type': 'Gewichte dieser Art kann Shoal noch nicht lesen. Nimm eine anders quantisierte Datei.',
};

export const first = {
  locale: 'de',
  direction: 'ltr',
  notation: { number: decimal, of: (done, total) => `${done} von ${total}`, and: 'und' },
  errors,

  shards: (list, count) => `${count === 1 ? 'Teil' : 'Teile'} ${list}`,
  tabs,
  tokens: (count) => `${count} Token`,
  tokensPerSecond: (speed) => `${speed} Token/s`,
  browserOn: (browser, system) => `${browser} unter ${system}`,
  thisTab: 'dieser Tab',
  times: (count) => `(${count}-mal)`,
  copied: 'Kopiert',
  copiedMark: 'Kopiert ✓',
  close: 'Schließen',
  cancel: 'Abbrechen',

  page: {
    skip: 'Zum Eingabefeld springen',
    drop: 'Leg hier ein GGUF ab, um es zu rechnen, oder einen Text, um danach zu fragen',
    alerts: 'Hinweise',
    dismiss: 'Ausblenden',
    swarm: 'Schwarm',
    chat: 'Gespräch',
    view: 'Ansicht',
    log: 'Protokoll',
    logLines: 'Zeilen des Protokolls',
    newest: '↓ Neueste',
    settings: 'Einstellungen',
    about:
      'Shoal verteilt ein großes Sprachmodell auf viele Browser-Tabs: Jeder Tab hält einige seiner Schichten, und gemeinsam beantworten sie deine Fragen.',
  },
  welcome: {
    fetches: (size) => `Lädt ${size} in diesen Tab, der dann allein antwortet.`,
    theModel: 'das Modell',
    noNeed: 'Nötig ist das nicht: Die Tabs dieses Schwarms haben alles und beantworten, was du unten eingibst.',
    forecast: 'Wie schnell es hier wäre, ist noch nicht gemessen.',
    measure: 'Dieses Gerät messen',
    orShare: 'Oder übernimm unten einen Teil und lade andere Tabs für den Rest ein.',
  },
  top: {
    states: { offline: 'Getrennt', connecting: 'Verbindet', waiting: 'Wartet', ready: 'Bereit' },
    models: 'Modelle',
    modelTitle: (name, layers) => `${name}, ${layers} Schichten: ein anderes wählen`,
    modelFacts: (layers, size) => `${layers} Schichten · ${size}`,
    conversations: 'Gespräche',
  },

  spoken: {
    leaving: 'Dieser Tab übergibt, bevor er geht.',
    choosing: 'Die anderen werden gefragt, was fehlt.',
    answering: 'Die Antwort beginnt …',
    failed: (error) => `Die Antwort ist gescheitert: ${error}`,
    unknownError: 'unbekannter Fehler',
    stopped: 'Die Antwort wurde angehalten.',
    complete: 'Die Antwort ist fertig.',
  },

  chat: {
    newConversation: 'Neues Gespräch',
    conversation: 'Verlauf',
    prompt: 'Deine Eingabe',
    placeholder: 'Schreib eine Frage',
    stop: 'Anhalten',
    send: 'Senden',
    escapeStops: 'Esc hält die Antwort an.',
    enterSends: 'Eingabetaste sendet, mit Umschalt beginnt sie eine neue Zeile.',
    leaveOutOldest: 'Älteste Beiträge weglassen',
    size: (exact, tokens, most) =>
      `${exact ? '' : 'Mindestens '}${tokens} von ${most} Token${tokens < most ? '.' : ': zu lang zum Senden.'}`,
    tooManyChars: (most, chars) => `In das Feld passen ${most} Zeichen; das sind ${chars}.`,
    tooManyLines: (most) => `In das Feld passen ${most} Zeilen; das sind mehr.`,
    serverNeverSees:
      'Der Server sieht deine Fragen nie. Jeder Tab auf dem Weg sieht Zwischenergebnisse, aus denen sich Text wiederherstellen lässt.',
    examplesLabel: 'Beispiele',
    examples: [
      'Was ist die Hauptstadt von Frankreich?',
      'Erkläre einem Kind in drei Sätzen Ebbe und Flut.',
      'Schreib ein Haiku über einen Fischschwarm.',
    ],
    you: 'Du',
    answer: 'Antwort',
    keptAbove: 'Was bis dahin entstanden ist, steht darüber.',
    leftOut: 'Das Modell liest dies nicht mehr mit.',
    stopped: 'Angehalten',
    continue: 'Weiter',
    answering: 'Antwortet …',
    firstToken: 'Wartet auf das erste Token …',
    reading: 'Liest die Frage …',
    readingSoFar: (done, total) => `Liest die Frage: ${done} von ${total} Token`,
    openedAgain: 'Dieser Tab wurde neu geöffnet: Die Antwort geht weiter, sobald alle Schichten da sind.',
    firstTokenAfter: (seconds, count) =>
      `erstes Token nach ${seconds} s, ${plural(count, 'neues Token', 'neue Token')} gelesen`,
    onTabs: (count) => `auf ${tabs(count)}`,
    lengthLimit: 'endete an der Längengrenze',
  },

  invite: {
    tabs: 'Andere Tabs einladen',
    otherGuests: 'Andere Gäste einladen',
    members: 'Mitglieder',
    guests: 'Gäste',
    copyLink: 'Link kopieren',
    copyInvite: 'Einladungslink kopieren',
    copyGuests: 'Link für Gäste kopieren',
    byHand: 'Markiere den Einladungslink und kopiere ihn von Hand.',
    guestsByHand: 'Markiere den Link für Gäste und kopiere ihn von Hand.',
    notCopied: (otherwise) => `Der Browser hat das Kopieren nicht erlaubt. ${otherwise}`,
    thisMachine: 'Dieser Link geht nur auf diesem Gerät.',
    otherMachines: 'Für Handys und andere Geräte starte den Server mit',
    trust:
      'Jeder Tab auf dem Weg sieht Zwischenergebnisse, aus denen sich Text wiederherstellen lässt: Teile den Link mit Leuten, denen du vertraust.',
    admission: {
      open: 'Jeder Browser, der ihn öffnet, kommt in diesen Schwarm. Der Server sieht deine Fragen nie.',
      member:
        'Das ist ein privater Schwarm: Mitglieder rechnen seine Schichten; Gäste dürfen fragen und rechnen nichts. Der Server sieht weder Fragen noch den Namen des Modells.',
      guest: 'Du bist Gast eines privaten Schwarms: Du darfst fragen und rechnest nichts.',
    },
    qr: 'QR-Code',
    qrDialog: 'Einladungslink als QR-Code',
    makePrivate: 'Privat machen …',
    makePrivateQuestion:
      'Dieser Tab verlässt den offenen Schwarm und gründet einen, den nur findet und betritt, wer dessen neuen Link hat. Er nimmt seine Teile mit, und die Seite wird neu geöffnet.',
    makePrivateYes: 'Privaten Schwarm gründen',
    newLink: 'Neuer Link …',
    newLinkQuestion:
      'Mitglieder, deren Tabs jetzt offen sind, ziehen mit ihren Teilen um. Alle anderen, auch Gäste, brauchen den neuen Link: Die alten führen nirgends mehr hin. Ein Server, der mit --private gestartet wurde, gibt diesem Schwarm erst dann wieder etwas vom Modell, wenn das Geheimnis des neuen Links, das, was auf s= folgt, in seiner Datei swarm.secret steht und er neu gestartet ist.',
    newLinkYes: 'Neuen Link erstellen',
    moment: 'Einen Augenblick …',
    movedBy: (who) => `${who} hat einen neuen Link erstellt, und dieser Tab ist mit umgezogen.`,
    privateNow: 'Das ist jetzt ein privater Schwarm: Herein kommt nur, wer den Link hat.',
    moved: (moved, others) =>
      `Der Schwarm hat einen neuen Link, und ${moved} von ${others} anderen Tabs sind mit umgezogen.`,
  },

  join: {
    guestNote:
      'Du bist hier Gast: Die Tabs dieses Schwarms beantworten, was du eingibst, und rechnen keine ihrer Schichten bei dir.',
    choosing: 'Fragt, was fehlt …',
    join: (shards) => `${shards} übernehmen`,
    joinAuto: 'Mitmachen (automatisch)',
    add: (shards) => `${shards} dazunehmen`,
    addAuto: 'Teil dazunehmen (automatisch)',
    runAll: 'Alles hier rechnen',
    leaving: 'Übergibt …',
    leave: 'Schwarm verlassen',
    leavingNote:
      'Antworten, die durch diesen Tab laufen, ziehen erst zu anderen Tabs um. Lass ihn die paar Sekunden noch offen.',
    tickNote:
      'Wähle die Teile, die dieser Tab rechnen soll, oder überlass die Wahl der Automatik: Sie nimmt den Teil, den der Schwarm am nötigsten braucht.',
  },

  status: {
    roomShut: 'In diesem Raum kann jetzt nichts gefragt werden.',
    roomAnswers: 'Dieser Raum antwortet gerade.',
    label: 'Zustand des Schwarms',
    ownPart: 'Fortschritt dieses Tabs',
    inSwarm: (count) => `${tabs(count)} im Schwarm`,
    noTabs: 'Noch ist kein Tab im Schwarm',
    notKnown: 'Andere Tabs sind noch nicht bekannt',
    isNode: 'dieser Tab gehört dazu',
    isGuest: 'dieser Tab fragt und rechnet selbst nicht mit',
    serverAway: 'Server weg: niemand Neues kann dazukommen',
    ready: 'Alle Schichten sind da: Schreib eine Frage.',
    insecure: 'Von einer unsicheren Adresse aus kann dieser Tab nicht mitmachen.',
    connecting: 'Verbindet mit dem Schwarm …',
    offline: 'Der Server ist nicht zu erreichen. Dieser Tab versucht es weiter; was er geladen hat, bleibt geladen.',
    coming: (shards, count) => `${shards} ${count === 1 ? 'wird' : 'werden'} geladen; dann sind alle Schichten da.`,
    missing: (shards, count, layers) =>
      `${shards} ${count === 1 ? 'fehlt' : 'fehlen'} (Schichten ${layers}): Noch rechnet ${them(count)} niemand.`,
    unheard: (shards, count, layers) =>
      `${shards} (Schichten ${layers}): Bisher hat niemand gemeldet, ${them(count)} zu rechnen.`,
    listeningForAll: 'Horcht nach anderen Tabs. Bisher hat niemand gemeldet, dieses Modell zu rechnen.',
    nobodyAtAll: 'Noch rechnet niemand dieses Modell: Rechne alles hier, oder nimm einen Teil und lade andere ein.',
    nobodyForGuests:
      'Unter diesem Link rechnet kein Tab das Modell. Frag, wer ihn dir gegeben hat: Vielleicht gibt es einen neuen.',
    answeredWhen: (shards, count) => `Die Antwort kommt, sobald ${shards} geladen ${isOrAre(count)}.`,
    listening: 'Horcht nach anderen Tabs.',
    nobody: 'Noch rechnet niemand dieses Modell.',
    lacking: (shards, count) => `${shards} ${count === 1 ? 'fehlt' : 'fehlen'}.`,
    fetchedWhenAsked: (shards, count) =>
      `${shards} ${count === 1 ? 'fehlt' : 'fehlen'}: Dieser Tab holt ${them(count)}, wenn du fragst.`,
    pausedHere: (shards, count) =>
      `${shards} ${count === 1 ? 'ist' : 'sind'} in diesem Tab angehalten, und niemand sonst hat ${them(count)}: Setz das Laden fort, dann kommt eine Antwort.`,
    runs: (shards) => `Dieser Tab rechnet ${shards}.`,
    fetching: (shards, bytes, time) => `Holt ${shards}: ${bytes}${time === undefined ? '' : `, noch ${time}`}`,
    checking: (shards) => `Prüft ${shards}`,
    loading: (shards, onGpu, bytes) => `Lädt ${shards} ${onGpu ? 'auf die GPU' : 'in den Speicher'}: ${bytes}`,
  },
  shard: {
    title: 'Teile des Modells',
    fromServer: 'Die Liste der Teile kommt vom Server.',
    one: (index) => `Teil ${index}`,
    layers: (layers) => `Schichten ${layers}`,
    about: 'Einzelheiten',
    verified: 'geprüft ✓',
    runBy: (count) => `rechnet in ${tabs(count)}`,
    runByUnknown: 'noch nicht bekannt, wer rechnet',
    runByNobody: 'rechnet niemand',
    states: {
      downloading: 'wird geholt',
      paused: 'angehalten',
      waits: 'wartet, bis er dran ist',
      verifying: 'wird geprüft',
      loading: 'wird geladen',
      ready: 'bereit',
      error: 'gescheitert',
      tokenizer: 'der Anfang wird geholt',
      sharing: 'zum Teilen geholt',
      partly: 'zum Teil gespeichert',
      absent: 'nicht hier',
      shared: 'gespeichert, wird geteilt',
      stored: 'gespeichert',
    },
    withEmbedding: 'mit Eingang',
    withOutput: 'mit Ausgang',
    withBoth: 'mit Eingang und Ausgang',
    down: (rate) => `${rate} herunter`,
    up: (rate) => `${rate} hinauf`,
    sent: (size) => `${size} gesendet`,
    peers: (count) => plural(count, 'Verbindung', 'Verbindungen'),
    left: (time) => `noch ${time}`,
    from: (sources) => `von: ${sources}`,
    sources: { tabs: 'andere Tabs', server: 'Server', storage: 'Speicher dieses Browsers' },
    bySibling: 'ein anderer Tab dieses Browsers holt ihn',
    noSource: 'noch keine Quelle',
    noRoom: (shards, needed, free) =>
      `${needed} nötig, ${free === undefined ? 'weniger ist frei' : `${free} frei`}: In diesem Browser ist kein Platz für ${shards}. Was passt, wird gerechnet. Schaff Platz auf der Festplatte oder lösche gespeicherte Modelle in den Einstellungen, und wähle noch einmal.`,
    lost: (index, again) =>
      `Teil ${index} ist in diesem Browser nicht mehr gespeichert: Er wurde in einem anderen Tab oder vom Browser gelöscht.${again ? ' Dieser Tab rechnet ihn und holt ihn noch einmal.' : ''}`,
  },

  members: {
    title: 'Tabs im Schwarm',
    about: 'Über dieses Gerät',
    lookIn: 'In seinen Raum schauen',
    self: 'dieser Tab',
    may: (rights) => `darf ${rights}`,
    useLent: 'nutzen, was ich verleihe',
    takeShards: 'diesem Tab Teile abnehmen',
    more: (count) => `und ${count} weitere`,
    checked: (times, ago) =>
      `${times === 1 ? 'einmal' : `${times}-mal`} geprüft, zuletzt ${ago === undefined ? 'eben' : `vor ${ago}`}`,
    leaving: 'geht',
    handsOver: (shards) => `geht, übergibt ${shards}`,
    runs: (shards) => `rechnet ${shards}`,
    fetches: (shards) => `holt ${shards}`,
    builds: {
      older: 'hat einen älteren Stand, der mit diesem nicht zusammenarbeitet: Dort muss neu geladen werden',
      newer: 'hat einen neueren Stand, der mit diesem nicht zusammenarbeitet: Lade diese Seite neu',
    },
    holdsNone: 'hat noch keinen Teil',
    notConnected: 'nicht verbunden',
    msALayer: (ms) => `${ms} ms je Schicht`,
  },
  lend: {
    title: 'Was ich verleihe',
    pause: 'Pause',
    again: 'Wieder verleihen',
    open: 'Andere Tabs dürfen nutzen, was dieser hat. Wie viel, sagen die Einstellungen.',
    paused: {
      owner: 'Pause: Antworten anderer ziehen in andere Tabs um, deine eigenen gehen weiter.',
      battery: 'Pause, solange dieses Gerät mit Akku läuft; so steht es in den Einstellungen.',
      'in-use': 'Pause, solange du dieses Gerät benutzt; so steht es in den Einstellungen.',
    },
    totals: (given, sent, taken, received) =>
      `Gegeben: ${given} Token für andere gerechnet, ${sent} gesendet. Genommen: ${taken} Token von anderen gerechnet, ${received} empfangen.`,
  },
  verify: {
    title: 'Prüfen',
    check: 'Schwarm prüfen',
    checking: 'Prüft …',
    about: 'Fragt jeden Tab nach seinen Dateien und seinem Zustand, sucht jeden Teil und schickt eine echte Frage.',
    failed: (failed, all) => `${failed} von ${all} Prüfungen gescheitert.`,
    passedSoFar: (count) => `Bisher ${count} Prüfungen bestanden.`,
    allPassed: (count) => `Alle ${count} Prüfungen bestanden.`,
  },

  wait: {
    queue: (place) => `In der Schlange: Platz ${place}`,
    about: (queue, time) => `${queue}, etwa ${time}.`,
    soFar: (time) => `bisher ${time}`,
    nobody: (layers) => `Noch hat niemand Schichten ${layers}`,
    ask: (shards) => `Teile den Einladungslink oder übernimm ${shards ?? 'sie'} hier.`,
    fetching: (layers, who, count, shards) =>
      `Wartet auf Schichten ${layers}: ${who} ${count === 1 ? 'holt' : 'holen'} ${shards ?? 'sie'}`,
    joinHere: (shards) => `${shards} hier übernehmen`,
  },

  lacks: {
    webrtc:
      'Dieser Browser kann sich nicht direkt mit anderen verbinden: Dieser Tab kann nicht mit anderen arbeiten und antwortet, sobald alle Teile hier rechnen („Alles hier rechnen“).',
    'site-data':
      'Dieser Browser speichert keine Website-Daten: Die Teile liegen im Arbeitsspeicher, und nach dem Schließen oder Neuladen der Seite ist nichts mehr da.',
    'lasting-site-data': 'Das ist ein privates Fenster: Teile und Gespräch sind weg, wenn es geschlossen wird.',
    threads: 'Dieser Browser gibt der Seite keinen gemeinsamen Speicher: Der Prozessor rechnet mit nur einem Thread.',
  },
  insecure: {
    strong: 'Diese Adresse ist nicht sicher, deshalb läuft Shoal hier nicht.',
    why: 'Über einfaches http von einem anderen Gerät gibt ein Browser der Seite keine GPU, keine Verschlüsselung und keinen Speicher.',
    startWith: 'Starte Shoal auf dem Gerät des Servers mit',
    thenOpen: 'und öffne dann hier',
    here: '.',
    orThere: 'Oder öffne die Seite auf dem Gerät des Servers selbst, als',
  },
  gpu: {
    missing: 'Dieser Browser gibt keine GPU her',
    software: (adapter) => `Nur eine GPU aus Software wurde gefunden (${adapter})`,
    asSet: ', und die Einstellungen verlangen sie. Wähle dort „Automatisch“ und öffne die Seite neu.',
    none: 'Keine GPU gefunden: Der Prozessor rechnet.',
    faster: 'Ein aktueller Browser mit eingeschalteter Hardwarebeschleunigung ist schneller.',
  },

  notices: {
    update:
      'Der Server hat eine neue Version dieser Seite. Sie kommt, wenn dieser Tab im Hintergrund ist und keine Antwort durch ihn läuft, oder wenn du ihn neu lädst.',
    newerBuild:
      'Im Schwarm sind Tabs mit einem neueren Stand dieser Seite, die mit diesem nicht zusammenarbeiten. Lade diese Seite neu; ändert das nichts, muss ihr Server aktualisiert werden.',
    noNotices:
      'Dieser Browser zeigt keine Benachrichtigungen dieser Seite. Erlaube sie in seinen Einstellungen für die Seite.',
    tooLarge: (name) => `${name} ist größer als 2 MB: zu lang für eine Frage.`,
    noText: (name) => `${name} ist kein Text: Mit einer Frage geht nur mit, was eine Datei in Buchstaben sagt.`,
  },
} satisfies Words;
