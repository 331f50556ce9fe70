import { formatLayers } from '../../core/ranges.ts';
import type { Seen } from '../../swarm/seen.ts';
import type { LaterWords } from '../en/later.ts';
import { detailInGerman } from './details.ts';
import { decimal, plural } from './numbers.ts';

/** A text of the log, as it is where German has no words for it. */
const detail = (text: string) => detailInGerman(text) ?? text;
/** Of shards, as an object. */
const them = (count: number) => (count === 1 ? 'ihn' : 'sie');

export const later = {
  copy: 'Kopieren',
  open: 'Öffnen',
  delete: 'Löschen',
  none: 'Keine',
  copyByHand: 'Markiere den Text und kopiere ihn von Hand.',

  message: {
    thinking: 'Denkt nach …',
    thought: 'Was es gedacht hat',
    codeByHand: 'Markiere den Code und kopiere ihn von Hand.',
    showLess: 'Weniger zeigen',
    showAll: 'Alles zeigen',
    edit: 'Bearbeiten',
    regenerate: 'Neu antworten',
    tokens: 'Token',
    earlier: 'Frühere Fassung',
    later: 'Spätere Fassung',
    branch: (number, count) => `${number} von ${count}`,
    question: 'Deine Frage',
    ask: 'Fragen',
  },
  tokens: {
    label: 'Token der Antwort',
    about:
      'Jedes Token, wie es gezogen wurde; je blasser, desto unwahrscheinlicher war es. Wähle eines, um zu sehen, was dort sonst wahrscheinlich war.',
    drawnBefore: 'wurde gezogen, bevor diese Seite geöffnet wurde.',
    had: (percent) => `hatte ${percent}.`,
    anew: 'Ab hier neu ziehen',
    mark: '(Marke)',
  },
  attach: {
    files: 'Angehängte Dateien',
    takeOut: (name) => `${name} wieder herausnehmen`,
    attach: 'Anhängen …',
    label: 'Textdateien an die Frage anhängen',
    tokens: (exact, tokens) => `${exact ? '' : 'mindestens '}${tokens} Token`,
  },

  card: {
    asking: 'Dieser Tab wird gefragt …',
    silent: 'Dieser Tab antwortet nicht.',
    computes: 'Rechnet mit',
    runners: { webgpu: 'seiner GPU', cpu: 'seinem Prozessor', none: 'noch nichts' },
    layersPerSecond: (speed) => `${speed} Schichten in der Sekunde`,
    says: 'Sagt er selbst',
    measured: 'Hier gemessen',
    tokens: (count) => `${count} Token`,
    taken: 'Hat dir gegeben',
    given: 'Hat von dir bekommen',
    exchanged: (tokens, bytes) => `${tokens} gerechnete Token, ${bytes} an Gewichten`,
    waiting: 'Aufgaben, die dort warten',
    room: 'Hat Platz für',
    link: 'Erreicht',
    paths: {
      'same-network': 'im selben Netz',
      direct: 'direkt über das Internet',
      relayed: 'über eine Zwischenstation',
    },
    roundTrip: (ms) => `${ms} ms hin und zurück`,
    version: 'Shoal-Version',
  },

  shard: {
    pieces: (stored, count) => `${stored} von ${plural(count, 'Stück', 'Stücken')}`,
    fromTabs: 'Von anderen Tabs',
    fromServer: 'Vom Server',
    fromHub: (host) => `Von ${host}`,
    hubIdle: (host) => `Wo niemand im Schwarm ihn hat, kommt er von ${host}.`,
    hubOff: (host) => `${host} hat ihn auch. Dort wird nicht gefragt, wie in deinen Einstellungen steht.`,
    hubFetching: (host) => `Niemand im Schwarm hat, was fehlt: Es kommt von ${host}.`,
    hubResting: (host, trouble) => `${host} ${trouble}. Dort wird später wieder gefragt, bis dahin bei anderen Tabs.`,
    hubRefused: (host, trouble) =>
      `${host} ${trouble}. Dort wird nicht mehr gefragt; dieser Tab wartet auf andere Tabs.`,
    hubTroubles: {
      busy: 'bittet zu warten',
      silent: 'antwortet nicht',
      missing: 'gibt die Datei nicht her',
      'no-ranges': 'gibt keine Stücke der Datei',
      'other-file': 'hat eine andere Datei als die, aus der dieses Modell gemacht ist',
      'wrong-bytes': 'gibt falsche Bytes',
      'too-much': 'hat so viel gegeben, wie dieser Teil kosten darf',
    },
    given: 'An andere gesendet',
    tabs: 'Tabs, von denen er kam und an die er ging',
    traffic: (received, sent) => `${received} von ihm · ${sent} an ihn`,
    unnamed: 'ein Gast oder ein anderes Programm',
    gone: 'nicht verbunden',
    since: 'Seit diese Seite geöffnet wurde.',
    pause: 'Anhalten',
    goOn: 'Weiter holen',
    pausedNote:
      'Es wird nichts mehr davon geholt, bis du weitermachst, auch wenn die Seite neu geöffnet wird. Was hier ist, bleibt, und andere bekommen es von hier.',
    priority: 'Holen',
    priorities: { first: 'vor anderen', normal: 'mit anderen', last: 'nach anderen' },
  },

  rooms: {
    opening: (whose) => `Der Raum von ${whose} wird gesucht …`,
    open: (whose) => `Du bist im Raum von ${whose}. Alle im Schwarm können mitlesen und fragen.`,
    outOfReach: (whose) => `${whose} ist nicht zu erreichen. Dieser Tab versucht es weiter.`,
    closed: (whose) => `${whose} hat diesen Raum geschlossen. Was gesagt wurde, kannst du hier noch lesen.`,
    gone: (whose) => `${whose} ist nicht mehr da, und der Raum mit ihm. Was gesagt wurde, steht noch hier.`,
    back: 'Zurück zu meinem Gespräch',
    hosted: (here) =>
      `${here ? 'Dieses Gespräch' : 'Ein anderes deiner Gespräche'} ist ein Raum: Alle im Schwarm können mitlesen und fragen.`,
    followers: (count) =>
      count === 0
        ? 'Noch schaut niemand herein.'
        : count === 1
          ? 'Ein Tab schaut herein.'
          : `${count} Tabs schauen herein.`,
    close: 'Raum schließen',
    another: (whose) => `${whose} hat einen Raum: ein Gespräch für alle im Schwarm.`,
    lookIn: 'Hineinschauen',
    openToAll: 'Für alle öffnen …',
    question: 'Dieses Gespräch für alle im Schwarm öffnen?',
    meaning:
      'Sie lesen alles, sehen Antworten entstehen und dürfen darin fragen; dein Name steht bei deinen Fragen. Alles reist nur zwischen Tabs und endet, wenn du den Raum oder diesen Tab schließt.',
    yes: 'Öffnen',
  },

  conversations: {
    search: 'Gespräche durchsuchen',
    searchPlaceholder: 'In allem Gesagten suchen',
    deleted: (title) => `„${title}“ wurde gelöscht.`,
    undo: 'Rückgängig',
    noneYet: 'Noch keine.',
    noneFound: 'In keinem kommen diese Wörter vor.',
    openFile: 'Aus einer Datei öffnen …',
    saveAll: 'Alle speichern',
    about: 'Sie liegen in diesem Browser und gehen nirgends sonst hin.',
    untitled: 'Ohne Worte',
    moreAbout: (title) => `Mehr zu „${title}“`,
    more: 'Mehr',
    rename: 'Umbenennen',
    newName: 'Neuer Name',
    pin: 'Anheften',
    unpin: 'Lösen',
    pinned: 'Angeheftet',
    saveMarkdown: 'Als Markdown speichern',
    saveJson: 'Als JSON speichern',
    messages: (count) => plural(count, 'Nachricht', 'Nachrichten'),
    answering: 'antwortet',
    elsewhere: 'in einem anderen Tab offen',
  },

  models: {
    asking: 'Fragt den Server …',
    facts: (size, layers, shards, context) =>
      `${size} · ${layers} Schichten · ${plural(shards, 'Teil', 'Teile')} · ${context} Token Kontext`,
    privateSwarm: 'dein privater Schwarm',
    openNow: 'Gerade offen',
    openOne: (name) => `${name} öffnen`,
    withMore: 'Mit mehr Geräten wie diesem',
    devices: 'Geräte',
    eachHolds: 'Jedes hält',
    anAnswer: 'Eine Antwort',
    download: 'Laden',
    tooMuch: (size) => `${size} zu viel`,
    deleteNote: 'Sein Geheimnis und seine Gewichte verschwinden aus diesem Browser. Andere behalten ihre.',
    keep: 'Behalten',
    deleteAsk: 'Löschen …',
    deleteOne: (name) => `${name} löschen`,
    speeds: (from, to) => `${from} bis ${to} Token/s`,
    runsAlone: (speed) => `Läuft auf diesem Gerät allein, mit ${speed}.`,
    fetchedIn: (time) => `Geladen in etwa ${time}.`,
    tooLarge: (size) => `Für dieses Gerät allein um ${size} zu groß.`,
    shardTooLarge: 'Schon ein Teil ist zu groß: Zerlege es in mehr Teile oder nimm Geräte mit mehr Platz.',
    together: (devices, speed) =>
      `${devices} Geräte wie dieses schaffen es zusammen${speed === undefined ? '' : `, mit ${speed}`}: Teile den Link.`,
    isAnother:
      'ist ein anderes Modell als das dieses Schwarms. Es wird zerlegt, in diesem Browser gespeichert und läuft in einem eigenen privaten Schwarm, der mit diesem Tab beginnt.',
    onlyThisTab: (shards) =>
      `Nur dieser Tab rechnet ${shards} des offenen Modells: Die anderen Tabs können nicht antworten, bis es ein anderer tut.`,
    openAllTheSame: 'Trotzdem öffnen',
    runHere: 'In diesem Tab rechnen',
    another: 'Ein anderes Modell',
    anotherNote:
      'Ein eigenes GGUF läuft in einem privaten Schwarm, der mit diesem Tab beginnt: Sein Link holt andere herein.',
    openGguf: 'GGUF öffnen …',
    linkLabel: 'Link zu einem GGUF',
    linkPlaceholder: 'https://…/datei.gguf oder hf:owner/repository',
    openLink: 'Link öffnen',
    opening: 'Öffnet die Datei',
    reading: (name, percent) => `Liest ${name}: ${percent} %`,
    storing: (name) => `Speichert ${name}`,
    storingSoFar: (name, percent) => `Speichert ${name}: ${percent} %`,
    fetching: (name) => `Holt ${name}`,
    fetchingSoFar: (name, percent) => `Holt ${name}:${percent === undefined ? '' : ` ${percent} %`}`,
    isThisSwarms: (name, shards) =>
      `${name} ist das Modell dieses Schwarms: Alle ${shards} Teile sind jetzt in diesem Browser. Mach mit, um sie zu rechnen.`,
    ownSwarm: (name) => `${name} läuft in einem eigenen Schwarm, der mit diesem Tab beginnt.`,
    noRoomForAll: 'Dieses Gerät hat nicht für alle Schichten Platz: Teile den Link, und andere rechnen den Rest.',
    onlyByLink: 'Herein kommt nur, wer den Link hat.',
  },
  lap: {
    title: 'Wo die Zeit bleibt',
    total: (ms) => `${ms} ms`,
    totalOf: 'je Token, einmal durch alle Schichten',
    meanOf: (count) => (count === 1 ? 'Ein Token' : `Mittel aus ${count} Token der letzten Minute`),
    remedies: {
      compute: (who) => `Weniger Schichten auf ${who} oder ein schnelleres Gerät dafür würden helfen.`,
      wait: (who) => `${who} hat vorher anderes zu tun: Ein weiterer Tab mit denselben Schichten nähme ihm etwas ab.`,
      wire: (who) => `Der Weg zu ${who} ist weit: Ein näherer Tab oder ein Kabel statt WLAN würde ihn verkürzen.`,
      relayed: (who) =>
        `${who} ist nur über eine Zwischenstation zu erreichen, die alles weiterleitet: Im selben WLAN fiele das meiste davon weg.`,
    },
    kinds: { compute: 'Rechnen', wire: 'Leitung', wait: 'Warten' },
    stage: (layers, who) => `Schichten ${layers} · ${who}`,
    now: 'Solange eine Antwort entsteht, ist das Token bei dem markierten Tab.',
    slowest: (layers, who, kind) => `Am langsamsten: Schichten ${layers}, ${who}, vor allem ${kind}.`,
    trace: 'Messdaten speichern',
  },
  timeline: {
    title: 'Was unterwegs geschah',
    expelled: (who) => `${who} bleibt ab jetzt außen vor: Eine Prüfung ergab einen Fehler.`,
    lies: {
      withholds: 'Es zeigt nicht vor, was es berechnet hat.',
      falseRows: 'Es zeigt etwas anderes vor, als es gesendet hat.',
      link: (sender, receiver) => `${sender} hat nicht gesendet, was laut ${receiver} angekommen ist.`,
      otherwise: (layers, who, by) =>
        `Schichten ${layers}: ${who} hat sie nachgerechnet und kam auf etwas anderes (Abweichung ${by} %).`,
      shown: (who, by) =>
        `${who} hat vorgelegt, was es unterschrieben hat, und dieser Tab kam damit auf etwas anderes (Abweichung ${by} %).`,
    },
    resent: 'Das ganze Gespräch wurde noch einmal gesendet.',
    queued: (time) => `${time} in der Schlange: Alle Tabs mit diesen Schichten waren belegt.`,
    reopened: 'Dieser Tab wurde neu geöffnet: Die Antwort geht weiter.',
    kept: (tokens) => `${tokens} Token behalten`,
    stoodStill: (ms) => `stand ${ms} ms still`,
    rebuilt: (positions) => `${plural(positions, 'Stelle', 'Stellen')} wiederhergestellt`,
    handedOver: (layers, from, to) => `Schichten ${layers}: vor dem Gehen übergeben (${from} → ${to}).`,
    hasBack: (layers, who, time) =>
      `Schichten ${layers}: Das Gespräch ging verloren und ist nach ${time} wieder da (${who}).`,
    tookOver: (layers, from, to, time) => `Schichten ${layers}: nach ${time} übernommen (${from} → ${to}).`,
    givenUp: (layers, time) => `Schichten ${layers}: Niemand hatte sie; nach ${time} Warten endete die Antwort.`,
    fetched: (layers, who, time) => `Schichten ${layers}: Niemand hatte sie; in ${time} geholt von: ${who}.`,
    nobodyFor: (layers, time) => `Schichten ${layers}: ${time} lang hatte sie niemand.`,
    endedThere: 'dort endete die Antwort',
  },
  checks: {
    result: 'Ergebnis',
    group: (who, count) => `${who}: ${plural(count, 'Prüfung', 'Prüfungen')}`,
    name: 'Prüfung',
    passed: 'bestanden',
    notPassed: 'gescheitert',
    nameOf: detail,
    seen: seenWords,
  },
  farewell: {
    label: 'Bevor dieser Tab geht',
    leaveNow: 'Jetzt gehen',
    stay: 'Bleiben',
    nothingLost: 'Andere haben alles, was dieser Tab bereithält.',
    copying: (shards, share) => `Ein anderer Tab kopiert ${shards} (${share}). Danach geht dieser Tab.`,
    copied: (shards, count) =>
      `Nur dieser Tab rechnet ${shards}. Ein anderer hat eine Kopie und lädt ${them(count)}, sobald jemand fragt.`,
    onlyHere: (shards, count, answers) =>
      `Nur dieser Tab hat ${shards}: ${
        answers === 0
          ? `Niemand bekommt Antworten, bis jemand ${them(count)} wieder hat`
          : answers === 1
            ? '1 Antwort bricht ab'
            : `${answers} Antworten brechen ab`
      }.`,
    wait: (_count, share) => `Warten, bis kopiert ist (${share})`,
  },
  forecast: {
    now: (devices, what) =>
      devices === 1 ? `Auf diesem Gerät allein: ${what}` : `Mit den Tabs, die da sind, ${devices} Geräte: ${what}`,
    later: (what) => `Mit zwei weiteren solchen Geräten: ${what}`,
    fits: (speed, alone, bytes, time) =>
      `${speed}; ${alone ? 'es' : 'jedes'} holt ${bytes}${time === undefined ? '' : `, in etwa ${time}`}.`,
    short: (alone, bytes) => `zu groß, ${alone ? 'ihm' : 'jedem'} fehlen ${bytes}.`,
    enough: (devices) => `${devices} Geräte wie dieses fassen es: Teile den Link.`,
    spare: 'Weitere Geräte hielten Kopien bereit: nicht schneller, aber niemand wartet, wenn eines geht.',
    alike: 'Die anderen Geräte sind so gerechnet, als wären sie wie dieses und in einem Raum.',
  },
  device: {
    title: 'Dieses Gerät',
    measuring: 'Misst, zwei Sekunden lang …',
    notMeasured: 'Noch nicht gemessen.',
    numbers: 'Zahlen',
    measure: 'Messen',
    copyReport: 'Bericht kopieren',
    reach: {
      none: 'Es verbindet sich nicht mit anderen Tabs.',
      room: 'Es erreicht Tabs im selben Netz; für andere nennt der Server keinen Vermittler.',
      direct: 'Es erreicht Tabs in den meisten Netzen.',
      relay: 'Es erreicht Tabs in allen Netzen, notfalls über einen Vermittler.',
    },
    reachShort: { none: 'keine', room: 'im selben Netz', direct: 'direkt', relay: 'auch vermittelt' },
    computesOn: (onGpu, adapter, correct) =>
      `Dieser Browser rechnet auf ${onGpu ? 'seiner GPU' : 'seinem Prozessor'} (${detail(adapter)}); ${
        correct
          ? 'was er rechnet, stimmt'
          : 'was er rechnet, ist FALSCH: Aktualisiere den Browser oder den Treiber, oder wähle in den Einstellungen den Prozessor'
      }.`,
    room: (size) => `Es hat Platz für ${size} Gewichte.`,
    weights: 'Gewichte, gelesen für eine Antwort',
    multiplications: 'Multiplikationen für eine Frage',
    task: 'Eine Aufgabe, was sie auch rechnet',
    layer: 'Eine Schicht außer ihren Gewichten',
    deviation: 'Abstand vom bekannten Ergebnis',
    memory: 'Arbeitsspeicher für Gewichte',
    storage: 'Freier Speicherplatz',
    fromServer: 'Vom Server geladen und gespeichert',
    connections: 'Verbindungen',
    notKnown: 'nicht bekannt',
    notTold: 'der Browser verrät es nicht',
  },

  settings: {
    language: 'Sprache',
    languageAuto: 'Wie der Browser',
    shortcuts: 'Tastenkürzel …',
    name: 'Name der Tabs dieses Browsers',
    nameHint: 'Andere Tabs sehen ihn in ihrer Liste.',
    runner: 'Schichten rechnen auf',
    runnerGpu: 'GPU',
    runnerCpu: 'Prozessor',
    automatic: 'Automatisch',
    nextTime: 'Gilt, sobald die Seite neu geöffnet wird.',
    wire: 'Zwischenergebnisse auf der Leitung',
    wires: { f32: 'Genau', f16: 'Halb so groß', q8: 'Ein Viertel so groß' },
    wireHint: 'Gerundet, wo es sich bei langsamer Leitung lohnt; Antworten können dann ein wenig anders ausfallen.',
    threads: 'Threads des Prozessors',
    threadsHint: 'Für Schichten, die der Prozessor rechnet. Gilt, sobald die Seite neu geöffnet wird.',
    hub: 'Die öffentliche Datei des Modells fragen',
    hubs: { open: 'In offenen Schwärmen', always: 'Auch in privaten Schwärmen', never: 'Nie' },
    hubHint:
      'Wo niemand einen Teil des Modells hat, kommt er von dort, wo die ganze Datei öffentlich liegt, falls der Schwarm einen solchen Ort nennt. Dieser Ort sieht deine IP-Adresse und was von welcher Datei verlangt wird.',
    switches: {
      spreadModel: ['Das Modell verbreiten helfen', 'Holt und teilt auch die Teile, die dieser Tab nicht rechnet.'],
      checkOthers: [
        'Prüfen, was andere Tabs rechnen',
        'Ab und zu rechnet ein zweiter Tab einen Teil einer Antwort nach. Er sieht so viel von der Frage wie der erste.',
      ],
      registerInDht: ['Dateien im Schwarm anmelden', 'Andere Tabs finden, was dieser Tab teilt.'],
      acceptRemoteLoads: ['Teile von anderen annehmen', 'Andere Tabs dürfen diesen bitten, einen Teil zu laden.'],
      acceptRemoteUnloads: [
        'Ausgewählte Tabs dürfen diesem Teile abnehmen',
        'Nur die, die in der Liste der Tabs angekreuzt sind, dürfen darum bitten.',
      ],
      stayAwake: [
        'Bildschirm anlassen, solange dieser Tab rechnet',
        'Ein Gerät, das schläft, hilft niemandem. Nur solange der Tab zu sehen ist und wo der Browser es erlaubt.',
      ],
      notify: [
        'Mir sagen, wenn eine lange Antwort fertig ist',
        'Mit einer Benachrichtigung des Browsers, der einmal danach fragt, solange dieser Tab verdeckt ist.',
      ],
      singleKeys: ['Kürzel mit einer einzelnen Taste', 'Ausgeschaltet tun nur Esc und die Eingabetaste etwas.'],
    },
    browser: 'Dieser Browser',
    adapter: (adapter) => `GPU: ${detail(adapter)}.`,
    layersRun: (onGpu, reason) => `Schichten rechnen auf ${onGpu ? 'der GPU' : 'dem Prozessor'}: ${reason}.`,
    reason: detail,
    used: (bytes) => `Speicher: ${bytes} belegt.`,
    deleteModel: 'Dieses Modell aus dem Browser löschen …',
    deleteYes: 'Schwarm verlassen und Teile löschen',
    deleteNo: 'Behalten',
    file: 'Modelldatei auf diesem Gerät',
    fileHint:
      'Das Modell dieses Schwarms muss dann nicht geladen werden: Es wird hier zerlegt, so wie der Server es zerlegt. Ein anderes öffnet sich in einem eigenen Schwarm. Ablegen per Ziehen geht auch.',
  },
  answers: {
    preset: 'Vorlage',
    presetChoose: 'Wähle eine …',
    presetName: 'Name der Vorlage',
    presetPlaceholder: 'Diese Einstellungen speichern als …',
    presetSave: 'Speichern',
    presetReplace: 'Ersetzen',
    presetDelete: (name) => `Vorlage ${name} löschen`,
    temperature: 'Temperatur',
    ownTemperature: (value) => `${value}, vom Modell`,
    temperatureHint: '0 gibt immer dieselbe Antwort; höher wird es bunter.',
    useOwn: 'Die des Modells nehmen',
    longest: 'Längste Antwort, in Token',
    systemPrompt: 'Vorgabe für das Modell',
    more: 'Mehr dazu, wie Token gezogen werden',
    modelsOwn: 'Vom Modell',
    scope: 'Das gilt für dieses Gespräch und für neue.',
    amounts: {
      topP: ['Top-p', 'Zieht aus den wahrscheinlichsten, bis zu diesem Anteil.'],
      topK: ['Top-k', 'Zieht aus so vielen der wahrscheinlichsten.'],
      minP: ['Min-p', 'Nichts unter diesem Bruchteil der Chance des wahrscheinlichsten.'],
      repetitionPenalty: ['Strafe für Wiederholung', 'Über 1 wiederholt es sich weniger.'],
      presencePenalty: ['Strafe für Vorkommen', 'Gegen alles, was schon gesagt wurde.'],
      frequencyPenalty: ['Strafe für Häufigkeit', 'Gegen das, was oft gesagt wurde.'],
      seed: ['Startwert', 'Derselbe Startwert zieht dieselbe Antwort.'],
    },
  },
  lend: {
    share: 'Zeit des Geräts',
    shareHint: 'Die übrige Zeit lässt es andere warten; Antworten durch diesen Tab sind dann langsamer.',
    noLimit: 'Keine Grenze',
    notTold: 'Dieser Browser verrät es nicht.',
    limits: {
      memoryMegabytes: ['Arbeitsspeicher für Teile, in MB', 'Ein Teil darüber hinaus wird nicht geladen.'],
      diskMegabytes: ['Speicherplatz, in MB', 'Für alles, was diese Seite speichert.'],
      uploadKilobytes: ['Hochladen von Teilen, in kB je Sekunde', 'An alle anderen Tabs zusammen.'],
      sessions: ['Gespräche anderer zugleich', 'Weitere gehen woandershin oder warten.'],
    },
    switches: {
      onlyTrusted: [
        'Nur für Tabs, die ich ankreuze',
        'In der Liste der Tabs. Ein neu geöffneter Tab ist ein anderer und muss neu angekreuzt werden.',
      ],
      onlyCharging: ['Nur beim Laden', 'Sonst pausiert es von selbst.'],
      onlyIdle: ['Nur wenn ich weg bin', 'Nach einer Minute ohne Berührung oder Taste.'],
    },
  },

  simulation: {
    label: 'Hinweis auf die Simulation',
    title: 'Das ist eine Simulation.',
    about: (devices: number) =>
      `${plural(devices, 'Gerät', 'Geräte')} neben diesem Tab ${devices === 1 ? 'ist' : 'sind'} erfunden, in dieser Seite. Kein Modell rechnet, nichts wird gesendet, und nichts wird aufbewahrt.`,
    wrong: (given: string, least: number, most: number, used: number | undefined) =>
      `„${given}“ in der Adresse ist keine ganze Zahl von ${least} bis ${most}: ${used === undefined ? 'Das entfällt' : `Es gilt ${used}`}.`,
  },

  attention: {
    answering: 'Antwortet …',
    answered: '✓ Beantwortet',
    serving: 'Rechnet mit',
    failed: 'Die Antwort endete mit einem Fehler',
    there: 'Die Antwort ist da',
  },

  shortcuts: {
    title: 'Tastenkürzel',
    places: {
      anywhere: 'Überall auf der Seite',
      outside: 'Außerhalb von Feldern',
      prompt: 'Während du eine Frage schreibst',
    },
    switchedOff: 'In den Einstellungen ausgeschaltet.',
    keys: { Escape: 'Esc', Enter: 'Eingabe', Shift: 'Umschalt' },
    does: {
      stop: 'Antwort anhalten',
      leave: 'Dialog schließen oder ein Feld ohne Änderung verlassen',
      sheet: 'Diese Tastenkürzel zeigen',
      prompt: 'Zum Eingabefeld',
      newConversation: 'Neues Gespräch',
      search: 'Gespräche durchsuchen',
      settings: 'Einstellungen öffnen',
      send: 'Senden',
      newLine: 'Neue Zeile',
    },
  },
} satisfies LaterWords;

function seenWords(seen: Seen, nameOf: (peerId: string) => string): string {
  switch (seen.kind) {
    case 'nodes':
      return `${plural(seen.count, 'Tab', 'Tabs')} im Schwarm`;
    case 'capabilities':
      return `rechnet ${plural(seen.shards.length, 'Teil', 'Teile')} (${seen.shards.join(', ')}), ${seen.runner} auf ${detail(seen.adapter)}`;
    case 'files':
      return `${seen.names.length} von ${seen.all} Dateien: ${seen.names.join(', ')}`;
    case 'served':
      return `von ${seen.by.map(nameOf).join(', ')}`;
    case 'registered':
      return `${seen.file}, Prüfsumme ${seen.hash}, ${seen.holders} Tabs haben es`;
    case 'answered':
      return `„${seen.text}“, letzte Runde ${seen.lapMs.toFixed(0)} ms`;
    case 'computed': {
      const [compute, wire, wait] = [seen.computeMs, seen.wireMs, seen.waitMs].map((ms) => decimal(ms, 1));
      return `Schichten ${formatLayers(seen.layers)} bei ${nameOf(seen.at)}: ${compute} ms rechnen, ${wire} ms Leitung, ${wait} ms warten`;
    }
    case 'copies':
      return `${seen.prompts} Fragen gingen durch alle ${seen.nodes} Tabs`;
    case 'logged':
      return `${seen.lines} erwartete Zeilen gefunden`;
  }
}
