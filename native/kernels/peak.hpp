// Independent multiply-adds in registers: what the FMA units give at most, the 100 % of every benchmark.
#pragma once
#include "kernels/table.hpp"

namespace atrous {
namespace {

// 2 FMA ports × 4 cycles of latency = 8 sums in flight at least; 12 leave slack and fit 16 registers.
constexpr int multiply_adds_per_round = 12;

template <class V>
float multiply_add_burst(int64_t rounds) {
  using Register = typename V::Register;
  float seed[V::lanes];
  for (int i = 0; i < V::lanes; ++i) seed[i] = 0.5f;
  const Register factor = V::load(seed);
  Register sum[multiply_adds_per_round];
  for (auto& s : sum) s = factor;
  for (int64_t round = 0; round < rounds; ++round) {
    for (auto& s : sum) s = V::multiply_add(factor, s, factor);
  }
  Register total = V::zero();
  for (const auto& s : sum) total = V::add(total, s);
  V::store(seed, total);
  return seed[0];
}

}  // namespace
}  // namespace atrous
