/** What is simulated; all of it stands in the page's address. */
export interface SimulationOptions {
  /** Devices beside this tab when the page opens. */
  readonly devices: number;
  /** So often another device joins, s; none does when undefined. */
  readonly joinsEveryS: number | undefined;
  /** So often a device leaves, s; none does when undefined. */
  readonly leavesEveryS: number | undefined;
  /** Percent of the messages between devices that are lost, and sent again. */
  readonly lossPercent: number;
  /** Devices that compute something else than they are asked for. */
  readonly liars: number;
  /** Of names, speeds, links, losses, and of who leaves. */
  readonly seed: number;
}

/** A parameter of the address that is no number of its range. */
export interface WrongValue {
  readonly name: string;
  readonly given: string;
  readonly least: number;
  readonly most: number;
  /** What is used in its place; undefined where the parameter is left out. */
  readonly used: number | undefined;
}

/** All of them are in one page, with their timers and hashes. */
export const MAX_DEVICES = 24;
/** A liar is found by a second holder of its layers, and named by a third; another device has the other layers. */
const LEAST_WITH_LIAR = 4;
/** Of what is shown of a wrong value: an address may be long. */
const MAX_GIVEN_CHARS = 20;

interface Parameter {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly otherwise: number | undefined;
}

/**
 * Reads the simulation from the page's address.
 * @param search - as `location.search`, e.g. `?simulate=5&leaves=20`
 * @returns what is simulated, and the values that are none
 */
export function readSimulation(search: string): {
  readonly options: SimulationOptions;
  readonly wrong: readonly WrongValue[];
} {
  const parameters = new URLSearchParams(search);
  const wrong: WrongValue[] = [];
  const read = <Otherwise extends number | undefined>(parameter: Parameter & { readonly otherwise: Otherwise }) => {
    const { name, least, most, otherwise } = parameter;
    const given = parameters.get(name) ?? '';
    if (given === '') return otherwise;
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= least && value <= most) return value;
    wrong.push({ name, given: given.slice(0, MAX_GIVEN_CHARS), least, most, used: otherwise });
    return otherwise;
  };
  const devices = read({ name: 'simulate', least: 1, most: MAX_DEVICES, otherwise: 5 });
  const options = {
    devices,
    joinsEveryS: read({ name: 'joins', least: 2, most: 3600, otherwise: undefined }),
    leavesEveryS: read({ name: 'leaves', least: 2, most: 3600, otherwise: undefined }),
    lossPercent: read({ name: 'loss', least: 0, most: 30, otherwise: 0 }),
    liars: read({ name: 'liar', least: 0, most: devices >= LEAST_WITH_LIAR ? 1 : 0, otherwise: 0 }),
    seed: read({ name: 'seed', least: 0, most: 2 ** 32 - 1, otherwise: 1 }),
  };
  return { options, wrong };
}
