/** The command line: what it understands, and that it refuses the rest with status 2 before any work. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseArguments, UsageError } from '../../bench/arguments.js';
import { main } from '../../bench/run.js';

describe('parseArguments', () => {
  it('has defaults', () => {
    expect(parseArguments([])).toEqual({
      full: false,
      filter: undefined,
      threads: undefined,
      isas: undefined,
      tolerance: 1e-5,
      json: false,
      candidates: false,
      peers: true,
      model: undefined,
      whole: false,
      output: undefined,
    });
  });

  it('reads every option', () => {
    const words =
      '--full --filter d(4|8)$ --threads 2,1,2 --isa avx2,scalar --tolerance 0 --json --no-peers --model isnet --whole --output x';
    expect(parseArguments(words.split(' '))).toEqual({
      full: true,
      filter: /d(4|8)$/,
      threads: [1, 2],
      isas: ['avx2', 'scalar'],
      tolerance: 0,
      json: true,
      candidates: false,
      peers: false,
      model: 'isnet',
      whole: true,
      output: 'x',
    });
    expect(parseArguments(['--candidates'])).toMatchObject({ candidates: true });
    expect(parseArguments(['--help'])).toBeNull();
  });

  it.each([
    [['--fast'], /--fast/],
    [['aspp'], /aspp/],
    [['--quick', '--full'], /both/],
    [['--filter', '('], /regular expression/],
    [['--threads', '0'], /'0'/],
    [['--threads', '1,x'], /'1,x'/],
    [['--threads', '1.5'], /'1.5'/],
    [['--threads', ''], /''/],
    [['--tolerance=-1'], /'-1'/],
    [['--tolerance', ''], /''/],
    [['--tolerance', 'low'], /'low'/],
    [['--candidates', '--model', 'isnet'], /both/],
    [['--model', 'resnet'], /'resnet'/],
  ])('refuses %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(UsageError);
    expect(() => parseArguments(argv)).toThrow(message);
  });
});

describe('main', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('prints the usage for --help and returns 0', async () => {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await main(['--help'])).toBe(0);
    expect(out.mock.calls.join('')).toContain('--model isnet');
  });

  it.each([[['--nonsense']], [['--filter', 'no-layer-has-this-name']], [['--isa', 'mmx']]])(
    'returns 2 for %j and writes nothing on standard output',
    async (argv) => {
      const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
      expect(await main(argv)).toBe(2);
      expect(out).not.toHaveBeenCalled();
      expect(err).toHaveBeenCalled();
    },
  );
});
