{
  "variables": {
    "addon_sources": [
      "native/addon/addon.cpp",
      "native/addon/allocation_count.cpp",
      "native/addon/arguments.cpp",
      "native/addon/async_lane.cpp",
      "native/addon/encoded_shape.cpp",
      "native/addon/errors.cpp",
      "native/addon/features.cpp",
      "native/addon/layers.cpp",
      "native/addon/measure_peak.cpp",
      "native/addon/plan_object.cpp",
      "native/addon/plan_store.cpp",
      "native/addon/promises.cpp"
    ],
    "probe_sources": [
      "native/probe/all_plans.cpp",
      "native/probe/lane_kernels.cpp",
      "native/probe/probe.cpp",
      "native/probe/runs.cpp",
      "native/probe/short_plan.cpp",
      "native/probe/transposed_plan.cpp"
    ],
    "core_sources": [
      "native/plan/axis.cpp",
      "native/plan/cache_size.cpp",
      "native/plan/channel_blocks.cpp",
      "native/plan/channels_last_image.cpp",
      "native/plan/choose.cpp",
      "native/plan/core_speed.cpp",
      "native/plan/cpu_count.cpp",
      "native/plan/depthwise_plan.cpp",
      "native/plan/direct_fallback.cpp",
      "native/plan/elementwise.cpp",
      "native/plan/input_limit.cpp",
      "native/plan/joined_axes.cpp",
      "native/plan/k_lanes_plan.cpp",
      "native/plan/lane_axis.cpp",
      "native/plan/lane_scheme.cpp",
      "native/plan/memory.cpp",
      "native/plan/plan.cpp",
      "native/plan/pool.cpp",
      "native/plan/resize.cpp",
      "native/plan/short_algorithm.cpp",
      "native/plan/short_axis.cpp",
      "native/plan/short_part.cpp",
      "native/plan/short_scheme.cpp",
      "native/plan/thread.cpp",
      "native/plan/thread_pool.cpp",
      "native/plan/transformed_weights.cpp",
      "native/plan/transposed_axis.cpp",
      "native/plan/transposed_part.cpp",
      "native/plan/transposed_pieces.cpp",
      "native/plan/transposed_plan.cpp",
      "native/plan/w_lanes_plan.cpp",
      "native/plan/winograd_plan.cpp",
      "native/plan/winograd_w_lanes_plan.cpp",
      "native/plan/workspace.cpp",
      "native/isa/cpu.cpp",
      "native/isa/dispatch.cpp"
    ],
    "core_flags": [
      "-std=c++17",
      "-O3",
      "-fno-exceptions",
      "-fno-rtti",
      "-ffp-contract=off",
      "-fvisibility=hidden",
      "-fvisibility-inlines-hidden",
      "-Wall",
      "-Wextra"
    ],
    "core_msvc_flags": ["/std:c++17", "/O2", "/fp:precise"],
    "addon_defines": [
      "NAPI_VERSION=8",
      "NAPI_DISABLE_CPP_EXCEPTIONS",
      "NODE_ADDON_API_DISABLE_DEPRECATED",
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED"
    ],

    "isas_any": ["scalar"],
    "isas_x64": ["sse2", "avx2", "avx512"],
    "isas_arm64": ["neon"],

    "scalar_sources": ["native/isa/scalar.cpp"],
    "scalar_flags": ["-fno-tree-vectorize"],
    "scalar_msvc_flags": [],

    "sse2_sources": ["native/isa/sse2.cpp"],
    "sse2_flags": ["-msse2"],
    "sse2_msvc_flags": [],

    "avx2_sources": ["native/isa/avx2.cpp"],
    "avx2_flags": ["-mavx2", "-mfma"],
    "avx2_msvc_flags": ["/arch:AVX2"],

    "avx512_sources": ["native/isa/avx512.cpp"],
    "avx512_flags": ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mfma", "-Wno-uninitialized", "-Wno-maybe-uninitialized"],
    "avx512_msvc_flags": ["/arch:AVX512"],

    "neon_sources": ["native/isa/neon.cpp"],
    "neon_flags": [],
    "neon_msvc_flags": []
  }
}
