# The release build: one static library per instruction set, each with its own flags (gyp has none per source), and the addons that
# link them. Sources, flags and defines are listed in native/sources.gypi, which native/CMakeLists.txt reads too.
{
  # Twice, because gyp looks up the dependencies' and sources' names here and the flags' names among the target's defaults.
  'includes': ['native/sources.gypi'],
  'variables': {
    # Link-time code generation would mix code of different instruction sets.
    'node_with_ltcg': 'false',
  },
  'target_defaults': {
    'includes': ['native/sources.gypi'],
    'include_dirs': ['native'],
    # Node's own defaults come after these: take out what contradicts them. Kernels want the frame pointer's register.
    'cflags!': ['-fno-omit-frame-pointer'],
    'cflags_cc/': [['exclude', '^-std=gnu']],
    'cflags_cc': ['<@(core_flags)'],
    'xcode_settings': {
      'OTHER_CPLUSPLUSFLAGS': ['<@(core_flags)'],
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
    },
    'msvs_settings': {
      'VCCLCompilerTool': {
        'AdditionalOptions': ['<@(core_msvc_flags)'],
        'WholeProgramOptimization': 'false',
      },
    },
    'target_conditions': [
      ['_type=="static_library"', {
        'win_delay_load_hook': 'false',
        'sources': ['>@(>(_target_name)_sources)'],
        'cflags_cc': ['>@(>(_target_name)_flags)'],
        'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['>@(>(_target_name)_flags)']},
        'msvs_settings': {'VCCLCompilerTool': {'AdditionalOptions': ['>@(>(_target_name)_msvc_flags)']}},
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'atrous',
      'dependencies': ['core'],
      'sources': ['<@(addon_sources)'],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['<@(addon_defines)'],
    },
    # Plans and dispatch, linked with the kernels of every instruction set.
    {
      'target_name': 'core',
      'type': 'static_library',
      'dependencies': ['<@(isas_any)'],
      'conditions': [
        ['target_arch=="x64"', {'dependencies': ['<@(isas_x64)']}],
        ['target_arch=="arm64"', {'dependencies': ['<@(isas_arm64)']}],
        # Pool threads outlive the worker_thread that loaded the addon, so its code must outlive that thread's dlclose.
        ['OS=="linux"', {'link_settings': {'ldflags': ['-Wl,-z,nodelete']}}],
      ],
    },
    {'target_name': 'scalar', 'type': 'static_library'},
  ],
  'conditions': [
    # The addon of the kernels' own tests. A published package is without its source and builds without it.
    ['OS!="win" and "<!(node -p "fs.existsSync(\'native/probe/probe.cpp\')")"=="true"', {
      'targets': [
        {
          'target_name': 'atrous_probe',
          'dependencies': ['core'],
          'sources': ['<@(probe_sources)'],
          'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
          'defines': ['<@(addon_defines)'],
        },
      ],
    }],
    ['target_arch=="x64"', {
      'targets': [
        {'target_name': 'sse2', 'type': 'static_library'},
        {'target_name': 'avx2', 'type': 'static_library'},
        # Its -Wno-…uninitialized: GCC 12 warns of its own intrinsics' undefined lanes (GCC bug 105593). What is uninitialized in a
        # kernel shows in the other instruction sets' objects.
        {'target_name': 'avx512', 'type': 'static_library'},
      ],
    }],
    ['target_arch=="arm64"', {
      'targets': [
        {'target_name': 'neon', 'type': 'static_library'},
      ],
    }],
  ],
}
