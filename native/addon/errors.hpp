// JavaScript errors with the codes of the public interface.
#pragma once
#include <node_api.h>

#if defined(__GNUC__)
#define ATROUS_PRINTF_LIKE __attribute__((format(printf, 2, 3)))
#else
#define ATROUS_PRINTF_LIKE
#endif

namespace atrous {

// New error objects, to be thrown or to reject a promise with; the message is made as printf makes it.
napi_value argument_type_error(napi_env env, const char* format, ...) ATROUS_PRINTF_LIKE;   // TypeError
napi_value argument_range_error(napi_env env, const char* format, ...) ATROUS_PRINTF_LIKE;  // RangeError
napi_value out_of_memory_error(napi_env env, const char* format, ...) ATROUS_PRINTF_LIKE;   // RangeError

// What a function that the addon exports returns after it threw.
inline napi_value throw_error(napi_env env, napi_value error) {
  napi_throw(env, error);
  return nullptr;
}

}  // namespace atrous
