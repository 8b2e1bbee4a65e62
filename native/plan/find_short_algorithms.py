#!/usr/bin/env python3
"""Finds short convolution algorithms y = A·((G·w) ∘ (B·x)) with few products and small rounding errors, and prints them as rows of
short_algorithms.inc, whose forms short_algorithm.hpp explains.

The bilinear map is a tensor of three axes (outputs, inputs, taps), and an algorithm with P products is a sum of P outer products a ∘ b ∘ g that
equals it. Such sums are sought by alternating least squares from many random starts at once, under a ridge that shrinks from 1e-1 to 1e-13. Of the
exact ones the smallest Σ ‖a‖‖b‖‖g‖ is kept, which predicts the rounding error; Newton steps of least norm then bring it to the last bit of a double.
One product more than the fewest possible usually lowers the error tenfold.

    find_short_algorithms.py SECONDS                                    one of each kind that short_algorithms.inc has, so long each
    find_short_algorithms.py SECONDS open|closed OUTPUTS TAPS PRODUCTS  one of this kind

Needs numpy. Random starts find other algorithms of the same quality each time that SECONDS or the machine differ. The error printed is of separate
multiplications and additions; the figures in short_algorithms.inc are the larger of this and that of fused ones, as
test/native/winograd/accuracy.test.ts measures them.
"""
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore", category=RuntimeWarning)  # starts that diverge

FORMS = [
    ("closed", 2, 3, 3), ("closed", 3, 3, 4), ("closed", 4, 3, 6), ("closed", 5, 3, 7), ("closed", 6, 3, 9), ("closed", 7, 3, 10),
    ("closed", 8, 3, 12), ("closed", 4, 5, 7), ("closed", 5, 5, 9), ("closed", 6, 5, 11), ("open", 2, 2, 3), ("open", 4, 2, 5),
    ("open", 4, 2, 6), ("open", 2, 3, 4), ("open", 3, 3, 5), ("open", 3, 3, 6), ("open", 4, 3, 6), ("open", 4, 3, 7), ("open", 5, 3, 8),
    ("open", 6, 3, 9), ("open", 6, 3, 10), ("open", 7, 3, 11), ("open", 8, 3, 12), ("open", 4, 4, 7), ("open", 4, 4, 8), ("open", 4, 5, 9),
    ("open", 5, 5, 10), ("open", 4, 7, 11), ("open", 4, 7, 12),
]  # fmt: skip


def convolution_tensor(form, outputs, taps):
    """[output, input, tap]: 1 where the tap brings the input element to the output."""
    inputs = outputs if form == "closed" else outputs + taps - 1
    before = (taps - 1) // 2 if form == "closed" else 0
    tensor = np.zeros((outputs, inputs, taps))
    for output in range(outputs):
        for tap in range(taps):
            element = output + tap - before
            if 0 <= element < inputs:
                tensor[output, element, tap] = 1
    return tensor


def compose(factors):
    """The sum of outer products of the factors' columns: [output, product], [input, product], [tap, product]."""
    return np.einsum("...ip,...jp,...kp->...ijk", *factors)


def decompose(tensor, products, starts, steps, seed):
    """Alternating least squares: residuals, factors and sizes Σ ‖a‖‖b‖‖g‖, one of each for every start."""
    random = np.random.default_rng(seed)
    unfolded = [np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1) for axis in range(3)]
    factors = [random.standard_normal((starts, length, products)) for length in tensor.shape]
    for step in range(steps):
        ridge = 1e-1 * 1e-12 ** (step / steps) * np.eye(products)
        for axis in range(3):
            first, second = (factors[other] for other in range(3) if other != axis)
            pairs = np.einsum("bip,bjp->bijp", first, second).reshape(starts, -1, products)
            gram = np.einsum("bip,biq->bpq", first, first) * np.einsum("bip,biq->bpq", second, second)
            factors[axis] = np.linalg.solve(gram + ridge, (unfolded[axis] @ pairs).transpose(0, 2, 1)).transpose(0, 2, 1)
    residual = np.linalg.norm((compose(factors) - tensor).reshape(starts, -1), axis=1)
    norms = [np.linalg.norm(factor, axis=1) for factor in factors]
    size = norms[0] * norms[1] * norms[2]
    # All three columns of a product equally long.
    balanced = [factor * (np.cbrt(size) / norm)[:, None, :] for factor, norm in zip(factors, norms)]
    return residual, balanced, size.sum(axis=1)


def polish(tensor, factors, steps=6):
    """Newton steps of least norm: factors rescale freely against each other, and such directions are left alone."""
    products = factors[0].shape[1]
    lengths = tensor.shape
    for _ in range(steps):
        jacobian = np.zeros(lengths + (sum(lengths) * products,))
        first = 0
        for axis, length in enumerate(lengths):
            others = [factors[other] for other in range(3) if other != axis]
            pairs = np.einsum("ip,jp->ijp", *others)
            for index in range(length):
                np.moveaxis(jacobian, axis, 0)[index, :, :, first + index * products : first + (index + 1) * products] = pairs
            first += length * products
        step = np.linalg.lstsq(jacobian.reshape(-1, first), (tensor - compose(factors)).ravel(), rcond=1e-9)[0]
        ends = np.cumsum([length * products for length in lengths])[:-1]
        factors = [factor + part.reshape(factor.shape) for factor, part in zip(factors, np.split(step, ends))]
    return factors


def float32_error(form, factors, channels=512, kernels=128, tiles=16):
    """Largest float32 error over the output's standard deviation, nested in 2-D, of kernels·tiles tiles of uniform data."""
    a, b, g = factors[0], factors[1].T, factors[2].T
    outputs, inputs, taps = a.shape[0], b.shape[1], g.shape[1]
    tensor = convolution_tensor(form, outputs, taps)
    random = np.random.default_rng(1)
    worst, squares = 0.0, []

    def apply(matrix, values, axis):
        """The matrix along one axis, its terms added one after the other."""
        values = np.moveaxis(values, axis, -1)
        total = np.zeros(values.shape[:-1] + (len(matrix),), np.float32)
        for column in range(values.shape[-1]):
            total += values[..., column, None] * matrix[:, column].astype(np.float32)
        return np.moveaxis(total, -1, axis)

    for _ in range(kernels):
        x = random.uniform(-0.5, 0.5, (tiles, channels, inputs, inputs)).astype(np.float32)
        w = random.uniform(-0.5, 0.5, (channels, taps, taps)).astype(np.float32)
        weights = np.einsum("pr,crs,qs->cpq", g, w.astype(np.float64), g).astype(np.float32)
        values = apply(b, apply(b, x, 3), 2)
        sums = np.zeros((tiles,) + weights.shape[1:], np.float32)
        for channel in range(channels):
            sums += weights[channel] * values[:, channel]
        result = apply(a, apply(a, sums, 2), 1)
        exact = np.einsum("yjr,xks,tcjk,crs->tyx", tensor, tensor, x.astype(np.float64), w.astype(np.float64), optimize=True)
        worst = max(worst, np.abs(result - exact).max())
        squares.append((exact**2).mean())
    return worst / np.sqrt(np.mean(squares))


def numbers(matrix):
    # The shortest decimals that are read back as the same double.
    return ", ".join(str(int(value)) if value == int(value) else repr(float(value)) for value in matrix.ravel())


def row(form, factors, error):
    """One row of short_algorithms.inc."""
    a, b, g = factors[0], factors[1].T, factors[2].T
    head = f"ATROUS_SHORT_ALGORITHM({form}, {a.shape[0]}, {g.shape[1]}, {a.shape[1]}, {error:.2g},"
    return f"{head}\n  MATRIX({numbers(a)}),\n  MATRIX({numbers(b)}),\n  MATRIX({numbers(g)}))"


def find(form, outputs, taps, products, seconds):
    """The exact algorithm of the smallest size that is found in so many seconds, or None."""
    tensor = convolution_tensor(form, outputs, taps)
    best, smallest, seed, start = None, np.inf, 0, time.monotonic()
    while seed == 0 or time.monotonic() - start < seconds:
        residual, factors, size = decompose(tensor, products, starts=48, steps=2500, seed=seed)
        seed += 1
        for index in np.flatnonzero((residual < 1e-9) & (size < smallest)):
            if size[index] < smallest:
                best, smallest = [factor[index] for factor in factors], size[index]
    return None if best is None else polish(tensor, best)


def main(arguments):
    if len(arguments) not in (1, 5):
        sys.exit(__doc__)
    seconds = float(arguments[0])
    wanted = [(arguments[1], *map(int, arguments[2:]))] if len(arguments) == 5 else FORMS
    for form, outputs, taps, products in wanted:
        factors = find(form, outputs, taps, products, seconds)
        if factors is None:
            print(f"none found: {form}, {outputs} outputs, {taps} taps, {products} products", file=sys.stderr)
        else:
            print(row(form, factors, float32_error(form, factors)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
