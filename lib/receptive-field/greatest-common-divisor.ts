/** Greatest common divisor of two integers ≥ 0 (Euclid); gcd(0, n) = n. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
