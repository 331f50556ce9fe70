import './quiet.ts';
import '../gpu.worker.ts';
