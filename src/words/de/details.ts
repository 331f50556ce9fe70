import { saidOtherwise, type TextPair } from '../said-otherwise.ts';

/** Why layers run where they do (`app/choose-runner.ts`), and on what. */
const RUNNERS: readonly TextPair[] = [
  ['as set in the settings', 'so steht es in den Einstellungen'],
  ['this browser has a GPU', 'dieser Browser hat eine GPU'],
  ['the GPU of this browser could not be opened', 'die GPU dieses Browsers ließ sich nicht öffnen'],
  [
    'this browser gives no GPU: its WebGPU is software, which is slower',
    'dieser Browser gibt keine GPU her, nur eine aus Software, und die ist langsamer',
  ],
  ['this browser gives no GPU: it has no WebGPU', 'dieser Browser gibt keine GPU her'],
  ['WebAssembly, 1 thread', 'WebAssembly, 1 Thread'],
  ['WebAssembly, {count} threads', 'WebAssembly, {count} Threads'],
  ['a simulated device', 'ein simuliertes Gerät'],
];

/** As the checks of the swarm name themselves (`swarm/verify.ts`). */
const CHECKS: readonly TextPair[] = [
  ['Nodes', 'Tabs'],
  ['GET_CAPABILITIES of {who}', 'Zustand von {who}'],
  ['Build of {who}', 'Stand von {who}'],
  ['LIST_FILES of {who}', 'Dateien von {who}'],
  ['Shard {shard} (layers {layers}): served', 'Teil {shard} (Schichten {layers}): wird gerechnet'],
  ['Shard {shard} (layers {layers}): found in the DHT', 'Teil {shard} (Schichten {layers}): wird gefunden'],
  ['Log of {who}', 'Protokoll von {who}'],
  ['A prompt through every shard', 'Eine Frage durch alle Teile'],
  ['A prompt through every copy', 'Eine Frage durch jede Kopie'],
  ['EXECUTE_TASK on shard {shard}', 'Rechnung auf Teil {shard}'],
];

/** What is wrong with a file, behind its name. */
const FILE_FAULTS: readonly TextPair[] = [
  [
    'it begins with the bytes {bytes}, expected 47 47 55 46 ("GGUF")',
    'Sie beginnt mit den Bytes {bytes} statt mit 47 47 55 46 („GGUF“)',
  ],
  ['it is big-endian, expected little-endian', 'Sie ist big-endian; erwartet ist little-endian'],
  ['it has format version {version}, expected 2 or 3', 'Ihr Format hat Version {version}; erwartet ist 2 oder 3'],
  [
    'it claims {count} tensors, at most {most} are allowed',
    'Sie soll {count} Tensoren haben; erlaubt sind höchstens {most}',
  ],
  [
    'it claims {count} metadata entries, at most {most} are allowed',
    'Sie soll {count} Metadaten haben; erlaubt sind höchstens {most}',
  ],
  ['metadata key "{key}" occurs twice', 'Der Schlüssel „{key}“ kommt zweimal vor'],
  ['tensor "{tensor}" occurs twice', 'Der Tensor „{tensor}“ kommt zweimal vor'],
  ['metadata key {index} is not valid UTF-8', 'Der Schlüssel {index} ist kein gültiges UTF-8'],
  ['the name of tensor {index} is not valid UTF-8', 'Der Name von Tensor {index} ist kein gültiges UTF-8'],
  ['"{key}" has value type {type}, expected 0 to 12', '„{key}“ ist vom Typ {type}; erwartet ist 0 bis 12'],
  [
    '"{key}" has {count} elements, more than the file has room for',
    '„{key}“ hat {count} Elemente, mehr als in die Datei passen',
  ],
  [
    '"{key}" has {count} elements, at most {most} are allowed',
    '„{key}“ hat {count} Elemente; erlaubt sind höchstens {most}',
  ],
  [
    'metadata key {index} has {count} bytes, at most {most} are allowed',
    'Der Schlüssel {index} hat {count} Bytes; erlaubt sind höchstens {most}',
  ],
  [
    'the name of tensor {index} has {count} bytes, at most {most} are allowed',
    'Der Name von Tensor {index} hat {count} Bytes; erlaubt sind höchstens {most}',
  ],
  [
    'the value of "{key}" has {count} bytes, at most {most} are allowed',
    'Der Wert von „{key}“ hat {count} Bytes; erlaubt sind höchstens {most}',
  ],
  [
    'tensor "{tensor}" has {count} dimensions, expected 1 to {most}',
    'Der Tensor „{tensor}“ hat {count} Dimensionen; erwartet sind 1 bis {most}',
  ],
  [
    'tensor "{tensor}" has rows of {count} elements, expected a multiple of {block} for {type}',
    'Der Tensor „{tensor}“ hat Zeilen von {count} Elementen; für {type} wird ein Vielfaches von {block} erwartet',
  ],
  [
    'tensor "{tensor}" has the impossible shape [{shape}] at offset {offset}',
    'Der Tensor „{tensor}“ hat bei Byte {offset} die unmögliche Form [{shape}]',
  ],
  [
    'tensor "{tensor}" begins at offset {offset}, expected a multiple of {alignment}',
    'Der Tensor „{tensor}“ beginnt bei Byte {offset}; erwartet ist ein Vielfaches von {alignment}',
  ],
  [
    'tensor "{tensor}" begins at offset {offset}, inside the tensor before it',
    'Der Tensor „{tensor}“ beginnt bei Byte {offset}, mitten im vorigen',
  ],
  [
    'tensor "{tensor}" ends at offset {end}, the file at {fileEnd}',
    'Der Tensor „{tensor}“ endet bei Byte {end}, die Datei bei {fileEnd}',
  ],
  [
    '{needed} bytes expected at offset {offset}, {found} found',
    'Bei Byte {offset} werden {needed} Bytes erwartet, da sind {found}',
  ],
  [
    'general.alignment is {value}, expected a power of two from 8 to {most}',
    'general.alignment ist {value}; erwartet ist eine Zweierpotenz von 8 bis {most}',
  ],
  ['general.architecture is missing', 'general.architecture fehlt'],
  ['tensor "{tensor}" is missing', 'Der Tensor „{tensor}“ fehlt'],
  [
    'tensor "{tensor}" has shape [{shape}], expected [{expected}]',
    'Der Tensor „{tensor}“ hat die Form [{shape}]; erwartet ist [{expected}]',
  ],
  ['{key} is {value}, expected a whole number', '{key} ist {value}; erwartet ist eine ganze Zahl'],
  ['{key} is {value}, expected a positive number', '{key} ist {value}; erwartet ist eine positive Zahl'],
  ['{key} is not a list of positive numbers', '{key} ist keine Liste positiver Zahlen'],
  [
    'it says that it is no part of a model, expected part {number} of {count}',
    'Sie sagt, sie sei kein Teil eines Modells; erwartet ist Teil {number} von {count}',
  ],
  [
    'it says that it is part {found} of {total}, expected part {number} of {count}',
    'Sie sagt, sie sei Teil {found} von {total}; erwartet ist Teil {number} von {count}',
  ],
  [
    'its model has {own} tensors, that of {other} has {count}',
    'Ihr Modell hat {own} Tensoren, das von {other} hat {count}',
  ],
  ['the tensor "{tensor}" stands in {other} too', 'Der Tensor „{tensor}“ steht auch in {other}'],
  [
    'the files beside it hold {count} of the {total} tensors that it announces',
    'Von den {total} Tensoren, die sie ankündigt, stehen {count} in den Dateien daneben',
  ],
];

/** A model file, and where it comes from. */
const MODELS: readonly TextPair[] = [
  ['{name} is not a valid GGUF file: {why}.', '{name} ist keine gültige GGUF-Datei: {why}.'],
  ['{name} is not a valid model: {why}.', '{name} ist kein gültiges Modell: {why}.'],
  [
    '{name} is cut short: {why}. Download it again.',
    '{name} ist abgeschnitten: {why}. Lade die Datei noch einmal herunter.',
  ],
  [
    '{name} does not belong to the set that its name says: {why}. Download the set again.',
    '{name} gehört nicht zu dem Satz von Dateien, den der Name angibt: {why}. Lade alle noch einmal herunter.',
  ],
  [
    '{name}: tensor "{tensor}" has type {type}; supported are {types}.',
    '{name}: Der Tensor „{tensor}“ ist vom Typ {type}; Shoal kennt {types}.',
  ],
  [
    '{name}: the vector "{tensor}" has type {type}; supported: F32, F16, BF16.',
    '{name}: Der Vektor „{tensor}“ ist vom Typ {type}; Shoal kennt F32, F16, BF16.',
  ],
  [
    '{name}: architecture "{architecture}" is not supported; supported: {supported}.',
    '{name}: Die Architektur „{architecture}“ kennt Shoal nicht; es kennt {supported}.',
  ],
  [
    '{name}: the model has {found}; supported: {supported}.',
    '{name}: Das Modell hat {found}; Shoal kennt {supported}.',
  ],
  [
    '{name}: the model has tensor "{tensor}"; supported are the plain tensors of "{architecture}" only.',
    '{name}: Das Modell hat den Tensor „{tensor}“; Shoal kennt nur die einfachen von „{architecture}“.',
  ],
  [
    '{name}: width {found}, at most {most} is supported.',
    '{name}: Das Modell ist {found} breit; Shoal kann höchstens {most}.',
  ],
  [
    '{name}: vocabulary {found}, at most {most} is supported.',
    '{name}: Das Modell kennt {found} Token; Shoal kann höchstens {most}.',
  ],
  ['{name}: {why} No tab could prompt with it.', '{name}: {why} Kein Tab könnte damit fragen.'],
  [
    'The model file asks for the pre-tokenizer "{found}", which is not supported. Supported: {supported}.',
    'Die Modelldatei verlangt die Textzerlegung „{found}“, die Shoal nicht kennt. Es kennt {supported}.',
  ],
  [
    'The model file has no tokenizer; supported are "gpt2", "llama" and "gemma4".',
    'Die Modelldatei hat keinen Tokenizer; Shoal kennt „gpt2“, „llama“ und „gemma4“.',
  ],
  [
    'The model file has the tokenizer "{found}"; supported are "gpt2", "llama" and "gemma4".',
    'Die Modelldatei hat den Tokenizer „{found}“; Shoal kennt „gpt2“, „llama“ und „gemma4“.',
  ],
  [
    'The model file\'s tokenizer has no "tokenizer.ggml.{key}".',
    'Dem Tokenizer der Modelldatei fehlt „tokenizer.ggml.{key}“.',
  ],
  ['No file was chosen.', 'Es wurde keine Datei gewählt.'],
  ['{name} is missing: choose all {count} parts together.', '{name} fehlt: Wähle alle {count} Dateien zusammen.'],
  [
    'Another model is being opened. Wait for it, or cancel it.',
    'Ein anderes Modell wird gerade geöffnet. Warte darauf oder brich es ab.',
  ],
  [
    '{name} takes {needed}, and this browser has room for {free}. Free disk space, delete stored models in the settings, or serve the file from a machine: npm start -- --model FILE.',
    '{name} braucht {needed}, und dieser Browser hat Platz für {free}. Schaff Platz auf der Festplatte, lösche gespeicherte Modelle in den Einstellungen oder stell die Datei von einem Rechner aus bereit: npm start -- --model DATEI.',
  ],
  [
    'This browser keeps no site data, so it has no place for a model of its own. Allow site data for this page, or use another browser.',
    'Dieser Browser speichert nichts für Websites und hat deshalb keinen Platz für ein eigenes Modell. Erlaube dieser Seite zu speichern oder nimm einen anderen Browser.',
  ],
  [
    'This browser keeps no site data, so the page would lose the shards that a private swarm begins with. Found it in another browser.',
    'Dieser Browser speichert nichts für Websites: Die Teile, mit denen ein privater Schwarm beginnt, gingen verloren. Gründe ihn in einem anderen Browser.',
  ],
  [
    'A simulation keeps nothing. Open the page without "simulate" in its address.',
    'Eine Simulation bewahrt nichts auf. Öffne die Seite ohne „simulate“ in der Adresse.',
  ],

  [
    '{link} names no .gguf file: expected https://…/file.gguf.',
    '{link} nennt keine .gguf-Datei: Erwartet ist https://…/datei.gguf.',
  ],
  [
    '"{link}" is no address: expected https://host/path/file.gguf.',
    '„{link}“ ist keine Adresse: Erwartet ist https://server/pfad/datei.gguf.',
  ],
  [
    '"{link}" is no file of a hub: expected hf:owner/repository[/file.gguf][@revision].',
    '„{link}“ nennt keine Datei eines Hubs: Erwartet ist hf:owner/repository[/datei.gguf][@revision].',
  ],
  ['{repository} has no GGUF file.', '{repository} hat keine GGUF-Datei.'],
  [
    '{repository} has several models: say which, e.g. {link}. There are {names}.',
    '{repository} hat mehrere Modelle: Sag welches, z. B. {link}. Es gibt {names}.',
  ],
  [
    '{address} could not be read: it answers {status}. Check the name.',
    '{address} war nicht zu lesen: Der Server antwortet mit {status}. Prüf den Namen.',
  ],
  ['{link} could not be fetched: {why}.', '{link} war nicht zu holen: {why}.'],
  ['the server answers {status}', 'Der Server antwortet mit {status}'],
  [
    'this browser got no answer: its server may be away, or not allow pages of other sites to read it (CORS)',
    'Dieser Browser bekam keine Antwort. Vielleicht ist der Server weg, oder er lässt Seiten anderer Websites nicht mitlesen (CORS)',
  ],
  ['it changes while it is fetched', 'Die Datei ändert sich, während sie geholt wird'],
  ['it ended after {done} of {total} bytes', 'Sie endete nach {done} von {total} Bytes'],
];

/** The server, the link and the swarm. */
const SWARM: readonly TextPair[] = [
  [
    "The link's secret is damaged. Copy the whole link, and open it again.",
    'Das Geheimnis im Link ist beschädigt. Kopiere den ganzen Link und öffne ihn noch einmal.',
  ],
  [
    'This is a private swarm, and this browser does not have its secret. Open its invite link again.',
    'Das ist ein privater Schwarm, und dieser Browser hat sein Geheimnis nicht. Öffne noch einmal seinen Einladungslink.',
  ],
  [
    'This server does not know the model of the invite link. Open the link at the server that it was made at.',
    'Dieser Server kennt das Modell des Einladungslinks nicht. Öffne den Link bei dem Server, von dem er stammt.',
  ],
  [
    'This server serves a private swarm. Open its invite link to take part.',
    'Dieser Server dient einem privaten Schwarm. Öffne dessen Einladungslink, um mitzumachen.',
  ],
  ['This server serves no model.', 'Dieser Server hat kein Modell.'],
  ['The server answered {status} for {url}.', 'Der Server antwortete mit {status} auf {url}.'],
  [
    'The server does not answer. Check that it runs, then reload the page.',
    'Der Server antwortet nicht. Prüfe, ob er läuft, und lade dann die Seite neu.',
  ],
  [
    '{server} does not answer, or lets no page of {page} in. Check that it runs, then reload the page. Its operator lets this page in with --allow-origin {origin}.',
    '{server} antwortet nicht oder lässt keine Seite von {page} herein. Prüfe, ob er läuft, und lade dann die Seite neu. Wer ihn betreibt, lässt diese Seite mit --allow-origin {origin} herein.',
  ],
  [
    "The server's manifest has the hash {found}, expected {expected}.",
    'Die Beschreibung des Modells vom Server hat die Prüfsumme {found}; erwartet ist {expected}.',
  ],
  [
    'The server has not answered yet. Wait a moment, or reload the page.',
    'Der Server hat noch nicht geantwortet. Warte einen Augenblick oder lade die Seite neu.',
  ],
  [
    'No tab of the swarm gives the manifest. Open a tab that is in the swarm, then reload the page.',
    'Kein Tab des Schwarms gibt die Beschreibung des Modells. Öffne einen Tab, der im Schwarm ist, und lade dann die Seite neu.',
  ],
  [
    'The manifest is not JSON. Ask for a fresh invite link.',
    'Die Beschreibung des Modells ist kein JSON. Bitte um einen neuen Einladungslink.',
  ],
  ['This tab is still connecting to the swarm.', 'Dieser Tab verbindet sich noch mit dem Schwarm.'],
  [
    'This tab is still connecting to the swarm. Try again in a moment.',
    'Dieser Tab verbindet sich noch mit dem Schwarm. Versuch es gleich noch einmal.',
  ],
  [
    'You are a guest of this private swarm: you may ask, and not serve.',
    'Du bist Gast dieses privaten Schwarms: Du darfst fragen, aber nicht rechnen.',
  ],
  [
    'Only a member of a private swarm starts a new link.',
    'Nur Mitglieder eines privaten Schwarms erstellen einen neuen Link.',
  ],
  [
    'The browser may not tell whether you are away. Allow it for this page.',
    'Der Browser darf nicht sagen, ob du weg bist. Erlaube es ihm für diese Seite.',
  ],
  [
    'No other tab takes shard {shard}: it has no room, or its owner does not help to spread the model. Invite somebody who joins with it.',
    'Kein anderer Tab nimmt Teil {shard}: Es fehlt der Platz, oder sie helfen nicht, das Modell zu verbreiten. Lade jemanden ein, der ihn übernimmt.',
  ],
  ['The operation was cancelled.', 'Der Vorgang wurde abgebrochen.'],
  ['Copying was cancelled.', 'Das Kopieren wurde abgebrochen.'],
  ['Fetching the model was cancelled.', 'Das Holen des Modells wurde abgebrochen.'],
  ['The download was cancelled.', 'Das Laden wurde abgebrochen.'],
];

/** Conversations and rooms. */
const CHAT: readonly TextPair[] = [
  [
    '{name} holds no conversation: expected JSON as this page saves it, or Markdown with the headings "## You" and "## Answer".',
    'In {name} ist kein Gespräch: Erwartet ist JSON, wie diese Seite es speichert, oder Markdown mit den Überschriften „## You“ und „## Answer“.',
  ],
  ['{name} is damaged JSON: {cause}', '{name} ist beschädigtes JSON; der Browser meldet: „{cause}“'],
  [
    '{name} holds no conversation of Shoal: "{field}" is wrong.',
    'In {name} ist kein Gespräch von Shoal: „{field}“ stimmt nicht.',
  ],
  ['{name} is larger than {most} MiB: no conversation.', '{name} ist größer als {most} MiB: kein Gespräch.'],
  [
    'This conversation is not in this browser any more. It was deleted elsewhere.',
    'Dieses Gespräch ist nicht mehr in diesem Browser. Es wurde anderswo gelöscht.',
  ],
  [
    'This browser keeps no conversations. Allow site data for this page.',
    'Dieser Browser bewahrt keine Gespräche auf. Erlaube dieser Seite zu speichern.',
  ],
  [
    'This conversation is open in another tab of this browser. Go on there, or close it there.',
    'Dieses Gespräch ist in einem anderen Tab dieses Browsers offen. Mach dort weiter oder schließe es dort.',
  ],
  [
    'This conversation is answering already; stop that answer first.',
    'In diesem Gespräch entsteht schon eine Antwort; halte erst diese an.',
  ],
  [
    "The prompt has {tokens} tokens and the model's context {context}: shorten it or start a new conversation.",
    'Die Frage hat {tokens} Token, der Kontext des Modells {context}: Kürze sie oder beginne ein neues Gespräch.',
  ],
  [
    "The model's chat template refuses these messages: {cause}",
    'Die Chat-Vorlage des Modells nimmt diese Nachrichten nicht an: {cause}',
  ],
  [
    "The model's chat template leaves the last message of the assistant out, so that it cannot be continued.",
    'Die Chat-Vorlage des Modells lässt die letzte Antwort weg: Sie kann nicht fortgesetzt werden.',
  ],
  ['In a room a question has at most {most} characters.', 'In einem Raum hat eine Frage höchstens {most} Zeichen.'],
  ['This room has been closed.', 'Dieser Raum wurde geschlossen.'],
  [
    '{count} tabs look into this room; it takes no more.',
    'In diesen Raum schauen {count} Tabs; mehr passen nicht hinein.',
  ],
  [
    'The question is too long for what this room has room for.',
    'Die Frage ist zu lang für das, was in diesem Raum noch Platz hat.',
  ],
  [
    'This room answers another question, or leaves time for one. Ask again when it is done.',
    'Dieser Raum beantwortet eine andere Frage oder lässt Zeit für eine. Frag danach noch einmal.',
  ],
  ['What another tab says of a room cannot be read.', 'Was ein anderer Tab von einem Raum sagt, ist nicht zu lesen.'],
  ['It does not say what is in the room.', 'Er sagt nicht, was in dem Raum ist.'],
];

/** Shards: room for them, and their way here. */
const SHARDS: readonly TextPair[] = [
  [
    '{name} needs {needed} more, and this browser has no room for it: the page uses {used} of {quota}. Free disk space, or delete stored shards in the settings, and try again.',
    '{name} braucht noch {needed}, und dieser Browser hat keinen Platz dafür: Die Seite belegt {used} von {quota}. Schaff Platz auf der Festplatte oder lösche gespeicherte Teile in den Einstellungen und versuch es noch einmal.',
  ],
  [
    '{name} needs {needed} more, and this browser has no room for it: the page uses {used}. Free disk space, or delete stored shards in the settings, and try again.',
    '{name} braucht noch {needed}, und dieser Browser hat keinen Platz dafür: Die Seite belegt {used}. Schaff Platz auf der Festplatte oder lösche gespeicherte Teile in den Einstellungen und versuch es noch einmal.',
  ],
  [
    'This browser keeps no site data, and {most} bytes of shards are the most that this tab keeps in memory. Serve fewer shards here, or allow this page to store data.',
    'Dieser Browser speichert nichts für Websites, und im Arbeitsspeicher hält dieser Tab höchstens {most} Bytes an Teilen. Rechne hier weniger Teile oder erlaube dieser Seite zu speichern.',
  ],
  [
    "{name} has {size} of weights, and this tab's device can address {room}. Split the model into at least {fewest} shards: {command}",
    '{name} hat {size} Gewichte, und dieses Gerät fasst {room}. Zerlege das Modell in mindestens {fewest} Teile: {command}',
  ],
  [
    "{name} has {size} of weights beside the {taken} that this tab serves, and this tab's device can address {room}. Leave another shard first, or choose this one in another tab.",
    '{name} hat {size} Gewichte, {taken} rechnet dieser Tab schon, und sein Gerät fasst {room}. Gib erst einen anderen Teil ab oder nimm diesen in einem anderen Tab.',
  ],
  [
    'This tab would hold {total} of shards, and lends {lent}. Leave another shard first, or lend more in the settings.',
    'Dieser Tab hätte {total} an Teilen und leiht {lent} her. Gib erst einen anderen Teil ab oder leihe in den Einstellungen mehr her.',
  ],
  [
    'This browser gives no more than the {size} MiB of memory that the model takes here already. Load fewer shards.',
    'Dieser Browser gibt nicht mehr als die {size} MiB Arbeitsspeicher, die das Modell hier schon belegt. Lade weniger Teile.',
  ],
  [
    'The GPU has no room for {what}. Load fewer shards, or close other pages.',
    'Die GPU hat keinen Platz für {what}. Lade weniger Teile oder schließe andere Seiten.',
  ],
  [
    'The GPU device was lost twice within a minute. Close other heavy tabs and join again.',
    'Die GPU ging zweimal in einer Minute verloren. Schließe andere Tabs, die viel rechnen, und mach wieder mit.',
  ],
  ['The GPU was lost: {cause}. Load the shard again.', 'Die GPU ging verloren: {cause}. Lade den Teil noch einmal.'],
  [
    'Nobody sent anything of {name} for {seconds} s. Open a tab that has it, or bring the server back.',
    '{seconds} s lang hat niemand etwas von {name} gesendet. Öffne einen Tab, der es hat, oder hol den Server zurück.',
  ],
  [
    '{name}: no source gave bytes with the SHA-256 of the manifest. Ask for a fresh invite link, or whoever published the model to split it again.',
    '{name}: Von nirgends kamen die richtigen Bytes. Bitte um einen neuen Einladungslink, oder wer das Modell veröffentlicht hat, muss es neu zerlegen.',
  ],
  [
    "The file gives {name} with SHA-256 {found}, the manifest says {expected}. Choose the very file that the swarm's model was made of.",
    'Die Datei ergibt {name} mit der Prüfsumme {found}; erwartet ist {expected}. Wähle genau die Datei, aus der das Modell des Schwarms gemacht wurde.',
  ],
  [
    "{where} went wrong in this browser's storage. Download the shard again.",
    '{where} ist im Speicher dieses Browsers beschädigt. Lade den Teil noch einmal.',
  ],
  ["The browser's storage is full at {where}.", 'Der Speicher des Browsers ist voll, bei {where}.'],
];

/** What an answer, or a check of the swarm, fails by. */
const ANSWERS: readonly TextPair[] = [
  [
    'Nobody serves {why}. Join with it here, or share the invite link.',
    'Niemand rechnet {why}. Übernimm das hier oder teile den Einladungslink.',
  ],
  ['shard {shard} (layers {layers}), {why}', 'Teil {shard} (Schichten {layers}), {why}'],
  ['shard {shard} (layers {layers})', 'Teil {shard} (Schichten {layers})'],
  ['The node with layers {layers} left the swarm.', 'Der Tab mit den Schichten {layers} hat den Schwarm verlassen.'],
  ['No answer to task {task} within {seconds} s.', 'Auf Aufgabe {task} kam in {seconds} s keine Antwort.'],
  ['Node {node} did not answer {command} in time.', 'Tab {node} antwortete nicht rechtzeitig auf {command}.'],
  ['This node has no shard loaded.', 'Dieser Tab hat keinen Teil geladen.'],
  ["This node's device does not answer.", 'Das Gerät dieses Tabs antwortet nicht.'],
  [
    'This node has {waiting} tasks waiting, {own} of them yours. Try again later, or choose another node.',
    'Bei diesem Tab warten {waiting} Aufgaben, {own} davon deine. Versuch es später oder nimm einen anderen Tab.',
  ],
  ['{why}. Your place is {place}, about {seconds} s.', '{why}. Dein Platz ist {place}, etwa {seconds} s.'],
  ['All {count} places of this node are taken', 'Alle {count} Plätze dieses Tabs sind belegt'],
  [
    '{count} sessions wait for a place at this node already',
    'Auf einen Platz bei diesem Tab warten schon {count} Gespräche',
  ],
  ['The owner of this node lends nothing at the moment.', 'Dieser Tab wird im Augenblick nicht hergeliehen.'],
  ['The owner of this node lends it to chosen tabs only.', 'Dieser Tab wird nur ausgewählten Tabs geliehen.'],
  [
    '{count} sessions of others are at this node, as many as its owner lends it to.',
    'Bei diesem Tab sind {count} Gespräche anderer; für mehr wird er nicht hergeliehen.',
  ],
  [
    'The KV cache is full. Close a conversation, or choose another node.',
    'Der Speicher für Gespräche ist voll. Schließe ein Gespräch oder nimm einen anderen Tab.',
  ],
  [
    "Layers {layers} gave values that are no finite numbers: the model's weights or this device are at fault. Check the swarm.",
    'Die Schichten {layers} ergaben Werte, die keine endlichen Zahlen sind: Es liegt an den Gewichten des Modells oder an diesem Gerät. Prüfe den Schwarm.',
  ],
  ['{peer} has been silent for seconds.', '{peer} schweigt seit Sekunden.'],
  ['The channel to {peer} is closed.', 'Die Verbindung zu {peer} ist geschlossen.'],
  ['The peer closed the stream before it answered.', 'Der andere Tab hat die Verbindung vor der Antwort geschlossen.'],
  ['No direct connection to {peer} came about: {cause}', 'Zu {peer} kam keine direkte Verbindung zustande: {cause}'],
  [
    'No node is in the swarm. Open the page and join with a shard.',
    'Im Schwarm ist kein Tab. Öffne die Seite und übernimm einen Teil.',
  ],
  [
    'It runs an older build than this one, and the two cannot work together. Reload its page.',
    'Er hat einen älteren Stand als dieser, und die beiden können nicht zusammenarbeiten. Lade seine Seite neu.',
  ],
  [
    'It runs a newer build than this one, and the two cannot work together. Reload this page; if nothing changes, its server must be updated.',
    'Er hat einen neueren Stand als dieser, und die beiden können nicht zusammenarbeiten. Lade diese Seite neu; ändert das nichts, muss ihr Server aktualisiert werden.',
  ],
  ['The node answers, but has no shard loaded.', 'Der Tab antwortet, hat aber keinen Teil geladen.'],
  ['No node serves shard {shard}.', 'Kein Tab rechnet Teil {shard}.'],
  ['The node runs shard {shard} but does not seed it.', 'Der Tab rechnet Teil {shard}, gibt ihn aber nicht weiter.'],
  ['No stage ran layers {layers}.', 'Niemand hat die Schichten {layers} gerechnet.'],
];

/** What stands before an error's own text. */
const PLACES: readonly TextPair[] = [
  ['Shard {shard}: {why}', 'Teil {shard}: {why}'],
  ['Layers {layers}: {why}', 'Schichten {layers}: {why}'],
];

/** Texts of the log that people meet too, by their English. */
export const DETAILS: readonly TextPair[] = [
  ...[RUNNERS, CHECKS, PLACES, FILE_FAULTS, MODELS, SWARM, CHAT, SHARDS, ANSWERS].flat(),
];

/** A text of the log in German; undefined where only English has it. */
export const detailInGerman = saidOtherwise(DETAILS, (value) => value.replace(/^(\d+)\.(\d+ [kMG]B)$/, '$1,$2'));
