import './quiet.ts';
import '../grammar.worker.ts';
