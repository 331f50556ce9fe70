// A process of its own, since its clocks are simulated and the nodes' logs are long: forked with its options as JSON.
import { type ChurnOptions, runChurn } from '../../tests/swarm/support/churn.ts';

process.send!(await runChurn(JSON.parse(process.argv[2]!) as ChurnOptions));
process.disconnect();
