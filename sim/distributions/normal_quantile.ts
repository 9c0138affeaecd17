// The standard normal distribution: its quantile and its cumulative function, both to full double precision.

/**
 * The quantile of the standard normal distribution at `p`, 0 < p < 1, with a relative error of about 1e-16. Algorithm AS 241
 * (PPND16): M. J. Wichura, "The percentage points of the normal distribution", Applied Statistics 37 (1988), 477–484.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return q * ratio(r, CENTRE_NUMERATOR, CENTRE_DENOMINATOR);
  }
  const tail = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const value = tail <= 5
    ? ratio(tail - 1.6, MIDDLE_NUMERATOR, MIDDLE_DENOMINATOR)
    : ratio(tail - 5, TAIL_NUMERATOR, TAIL_DENOMINATOR);
  return q < 0 ? -value : value;
}

type Coefficients = readonly [number, number, number, number, number, number, number, number];

/** The quotient of two polynomials of degree 7, the constant term first. */
function ratio(x: number, a: Coefficients, b: Coefficients): number {
  return (((((((a[7] * x + a[6]) * x + a[5]) * x + a[4]) * x + a[3]) * x + a[2]) * x + a[1]) * x + a[0]) /
    (((((((b[7] * x + b[6]) * x + b[5]) * x + b[4]) * x + b[3]) * x + b[2]) * x + b[1]) * x + b[0]);
}

const CENTRE_NUMERATOR: Coefficients = [
  3.387132872796366608,
  1.3314166789178437745e2,
  1.9715909503065514427e3,
  1.3731693765509461125e4,
  4.5921953931549871457e4,
  6.7265770927008700853e4,
  3.3430575583588128105e4,
  2.5090809287301226727e3,
];
const CENTRE_DENOMINATOR: Coefficients = [
  1,
  4.2313330701600911252e1,
  6.871870074920579083e2,
  5.3941960214247511077e3,
  2.1213794301586595867e4,
  3.930789580009271061e4,
  2.8729085735721942674e4,
  5.226495278852545925e3,
];
const MIDDLE_NUMERATOR: Coefficients = [
  1.42343711074968357734,
  4.6303378461565452959,
  5.7694972214606914055,
  3.64784832476320460504,
  1.27045825245236838258,
  2.4178072517745061177e-1,
  2.27238449892691845833e-2,
  7.7454501427834140764e-4,
];
const MIDDLE_DENOMINATOR: Coefficients = [
  1,
  2.05319162663775882187,
  1.6763848301838038494,
  6.8976733498510000455e-1,
  1.4810397642748007459e-1,
  1.51986665636164571966e-2,
  5.475938084995344946e-4,
  1.05075007164441684324e-9,
];
const TAIL_NUMERATOR: Coefficients = [
  6.6579046435011037772,
  5.4637849111641143699,
  1.7848265399172913358,
  2.9656057182850489123e-1,
  2.6532189526576123093e-2,
  1.2426609473880784386e-3,
  2.71155556874348757815e-5,
  2.01033439929228813265e-7,
];
const TAIL_DENOMINATOR: Coefficients = [
  1,
  5.9983220655588793769e-1,
  1.3692988092273580531e-1,
  1.48753612908506148525e-2,
  7.868691311456132591e-4,
  1.8463183175100546818e-5,
  1.4215117583164458887e-7,
  2.04426310338993978564e-15,
];

/** The density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * The share of the standard normal distribution below `x`, with an absolute error of about 1e-15: the Taylor series of G.
 * Marsaglia, "Evaluating the normal distribution", Journal of Statistical Software 11 (2004), issue 4.
 */
export function normalShareBelow(x: number): number {
  if (x < -9) return 0;
  if (x > 9) return 1;
  let sum = x, term = x;
  for (let n = 3; sum + term !== sum; n += 2) {
    term *= x * x / n;
    sum += term;
  }
  return Math.max(0, 0.5 + sum * normalDensity(x));
}
