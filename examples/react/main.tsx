import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createEngine, type Engine } from 'shoal';

/** Runs a GGUF file from this machine in this tab alone. */
function App() {
  const [engine, setEngine] = useState<Engine>();
  const [status, setStatus] = useState('Choose a GGUF file.');
  const [answer, setAnswer] = useState('');

  async function load(file: File) {
    try {
      setEngine(await createEngine({ file, onProgress: ({ text }) => setStatus(text) }));
    } catch (error) {
      setStatus(String(error));
    }
  }

  async function ask(question: string) {
    if (!engine) return;
    setAnswer('');
    const messages = [{ role: 'user' as const, content: question }];
    for await (const chunk of await engine.chat.completions.create({ messages, stream: true }))
      setAnswer((so) => so + (chunk.choices[0]?.delta.content ?? ''));
  }

  return (
    <main>
      <input type="file" accept=".gguf" onChange={({ target }) => target.files?.[0] && load(target.files[0])} />
      <p role="status">{status}</p>
      <form action={(form) => ask(String(form.get('question')))}>
        <input name="question" aria-label="Question" defaultValue="What is the capital of France?" />
        <button type="submit" disabled={!engine}>
          Ask
        </button>
      </form>
      <output>{answer}</output>
    </main>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
