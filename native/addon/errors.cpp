// Error objects: the class by Node-API's own constructors, which also set `code`.
#include "addon/errors.hpp"

#include <cstdarg>
#include <cstdio>

namespace atrous {
namespace {

using Constructor = napi_status(NAPI_CDECL*)(napi_env, napi_value code, napi_value message, napi_value* result);

napi_value make_error(napi_env env, Constructor constructor, const char* code, const char* format, va_list arguments) {
  char message[256];
  std::vsnprintf(message, sizeof message, format, arguments);
  napi_value code_value = nullptr, message_value = nullptr, error = nullptr;
  napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &code_value);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &message_value);
  constructor(env, code_value, message_value, &error);
  return error;
}

}  // namespace

napi_value argument_type_error(napi_env env, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  napi_value error = make_error(env, napi_create_type_error, "ERR_ATROUS_ARGUMENT_TYPE", format, arguments);
  va_end(arguments);
  return error;
}

napi_value argument_range_error(napi_env env, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  napi_value error = make_error(env, napi_create_range_error, "ERR_ATROUS_ARGUMENT_RANGE", format, arguments);
  va_end(arguments);
  return error;
}

napi_value out_of_memory_error(napi_env env, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  napi_value error = make_error(env, napi_create_range_error, "ERR_ATROUS_OUT_OF_MEMORY", format, arguments);
  va_end(arguments);
  return error;
}

}  // namespace atrous
