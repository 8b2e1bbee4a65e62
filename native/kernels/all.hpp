// Every kernel of one instruction set, gathered into its table. Included by native/isa/<isa>.cpp only.
#pragma once
#include "kernels/depthwise.hpp"
#include "kernels/k_lanes.hpp"
#include "kernels/kernel_transform.hpp"
#include "kernels/lane_transform.hpp"
#include "kernels/peak.hpp"
#include "kernels/point_products.hpp"
#include "kernels/runs.hpp"
#include "kernels/short_transform.hpp"
#include "kernels/strided_copy.hpp"
#include "kernels/table.hpp"
#include "kernels/transpose.hpp"
#include "kernels/vec_operations.hpp"
#include "kernels/w_lanes.hpp"

namespace atrous {
namespace {

template <class V, int Vectors>
constexpr void fill_k_lanes(KernelTable& table) {
  KLanesKernel kernels[] = {
      k_lanes_if_it_fits<V, Vectors, 1>(),  k_lanes_if_it_fits<V, Vectors, 2>(),  k_lanes_if_it_fits<V, Vectors, 3>(),
      k_lanes_if_it_fits<V, Vectors, 4>(),  k_lanes_if_it_fits<V, Vectors, 5>(),  k_lanes_if_it_fits<V, Vectors, 6>(),
      k_lanes_if_it_fits<V, Vectors, 7>(),  k_lanes_if_it_fits<V, Vectors, 8>(),  k_lanes_if_it_fits<V, Vectors, 9>(),
      k_lanes_if_it_fits<V, Vectors, 10>(), k_lanes_if_it_fits<V, Vectors, 11>(), k_lanes_if_it_fits<V, Vectors, 12>(),
      k_lanes_if_it_fits<V, Vectors, 13>(), k_lanes_if_it_fits<V, Vectors, 14>()};
  for (int p = 0; p < KernelTable::max_k_pixels; ++p) table.k_lanes[Vectors - 1][p] = kernels[p];
}

template <class V, int Outputs>
constexpr void fill_w_lanes(KernelTable& table) {
  WLanesKernel kernels[] = {w_lanes_if_it_fits<V, Outputs, 1>(), w_lanes_if_it_fits<V, Outputs, 2>(),
                            w_lanes_if_it_fits<V, Outputs, 3>(), w_lanes_if_it_fits<V, Outputs, 4>()};
  PointProductsKernel products[] = {
      point_products_if_it_fits<V, Outputs, 1>(), point_products_if_it_fits<V, Outputs, 2>(),
      point_products_if_it_fits<V, Outputs, 3>(), point_products_if_it_fits<V, Outputs, 4>()};
  for (int v = 0; v < KernelTable::max_w_vectors; ++v) {
    table.w_lanes[Outputs - 1][v] = kernels[v];
    table.point_products[Outputs - 1][v] = products[v];
  }
}

template <class V>
constexpr KernelTable kernels_for(const char* name) {
  KernelTable table{};
  table.name = name;
  table.lanes = V::lanes;
  fill_k_lanes<V, 1>(table);
  fill_k_lanes<V, 2>(table);
  fill_k_lanes<V, 3>(table);
  fill_k_lanes<V, 4>(table);
  fill_w_lanes<V, 1>(table);
  fill_w_lanes<V, 2>(table);
  fill_w_lanes<V, 3>(table);
  fill_w_lanes<V, 4>(table);
  fill_w_lanes<V, 5>(table);
  fill_w_lanes<V, 6>(table);
  fill_w_lanes<V, 7>(table);
  fill_w_lanes<V, 8>(table);
  fill_w_lanes<V, 9>(table);
  fill_w_lanes<V, 10>(table);
  fill_w_lanes<V, 11>(table);
  fill_w_lanes<V, 12>(table);
  fill_depthwise<V>(table);
  table.split_phases = split_phases<V>;
  table.strided_copy = strided_copy<V>;
  table.short_transform = short_transform<V>;
  table.rows_to_chunks = rows_to_chunks<V>;
  table.chunks_to_rows = chunks_to_rows<V>;
  table.chunks_to_lanes = chunks_to_lanes<V>;
  table.lanes_to_chunks = lanes_to_chunks<V>;
  table.transform_kernels = transform_kernels<V>;
  table.transform_width = transform_width<V>;
  table.transpose = transpose<V>;
  fill_runs<V>(table);
  table.vec = vec_operations<V>();
  table.multiply_add_burst = multiply_add_burst<V>;
  table.multiply_adds_per_round = multiply_adds_per_round;
  return table;
}

}  // namespace
}  // namespace atrous
