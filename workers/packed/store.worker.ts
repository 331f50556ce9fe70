import './quiet.ts';
import '../store.worker.ts';
