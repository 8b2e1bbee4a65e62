/** The seed of this run's random cases: ATROUS_TEST_SEED, or another one every time. */
export function propertySeed(): number {
  const seed = Number(process.env.ATROUS_TEST_SEED ?? Date.now() % 2 ** 31);
  console.log(`Property tests: seed ${seed}; ATROUS_TEST_SEED=${seed} runs them again.`);
  return seed;
}
