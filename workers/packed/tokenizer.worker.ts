import './quiet.ts';
import '../tokenizer.worker.ts';
